"""The fold of a fact's operations: compared with the definition, in every order."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from hub.registry.fold import Fact, Op, Outcome, Standing, add, outcome
from schemas.envelope import Operation

CREATE, CHANGE, CORRECT = Operation.CREATE, Operation.CHANGE, Operation.CORRECT
ANNUL, RESTORE, VERIFY = Operation.ANNUL, Operation.RESTORE, Operation.VERIFY


def op(operation: Operation, version: int, value: str = "a", record_id: str | None = None) -> Op:
    content = {"value": value} if operation.carries_content else None
    return Op(record_id or f"{operation}-{version}-{value}", operation, version, content=content)


def fold(ops: Sequence[Op]) -> Fact:
    fact = Fact()
    for each in ops:
        fact = add(fact, each)
    return fact


def defined(ops: Sequence[Op]) -> tuple[object, Standing | None]:
    """Content and status as the design words them: one pass over the operations in order."""
    content: object = None
    status: Standing | None = None
    for each in sorted({each.record_id: each for each in ops}.values(), key=lambda o: o.key):
        match each.operation:
            case Operation.CREATE | Operation.SNAPSHOT:
                content, status = each.content, Standing.ACTIVE
            case Operation.CHANGE | Operation.CORRECT:
                content, status = each.content, status or Standing.ACTIVE
            case Operation.ANNUL:
                status = Standing.ANNULLED
            case Operation.RESTORE:
                status = Standing.ACTIVE
    return content, status


# Few versions and values, so that equal timestamps and equal contents are the rule.
OPS = st.builds(
    op,
    st.sampled_from(Operation),
    st.integers(0, 3),
    st.sampled_from("abc"),
    st.uuids().map(lambda drawn: drawn.hex),
)


@given(st.lists(OPS, max_size=8))
def test_adding_one_by_one_gives_what_the_definition_says(ops: list[Op]) -> None:
    fact = fold(ops)
    assert (fact.data, fact.status) == defined(ops)


@given(st.lists(OPS, max_size=8), st.data())
def test_order_and_repetition_do_not_matter(ops: list[Op], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(ops), max_size=8)) if ops else []
    shuffled = data.draw(st.permutations(ops + again))
    assert fold(shuffled) == fold(ops)


@given(st.lists(OPS, max_size=6), OPS)
def test_an_operation_is_written_exactly_if_the_visible_state_changed(
    ops: list[Op], new: Op
) -> None:
    before, after = fold(ops), fold([*ops, new])
    changed = defined(ops) != defined([*ops, new])
    assert (outcome(before, after, new) is Outcome.WRITTEN) == changed


def test_an_annul_that_arrives_first_waits_for_its_create() -> None:
    fact = fold([op(ANNUL, 2), op(CREATE, 1)])
    assert fact.status is Standing.ANNULLED
    assert fact.data == {"value": "a"}


def test_a_change_does_not_bring_an_annulled_fact_back() -> None:
    fact = fold([op(CREATE, 1), op(ANNUL, 2), op(CHANGE, 3, "b")])
    assert (fact.status, fact.data) == (Standing.ANNULLED, {"value": "b"})


def test_a_change_alone_implies_that_the_fact_stands() -> None:
    assert fold([op(CHANGE, 5)]).status is Standing.ACTIVE


def test_a_restore_brings_back_the_content_there_was() -> None:
    fact = fold([op(RESTORE, 3), op(ANNUL, 2), op(CREATE, 1, "b")])
    assert (fact.status, fact.data) == (Standing.ACTIVE, {"value": "b"})


def test_at_one_version_the_rank_of_the_operation_decides() -> None:
    fact = fold([op(CORRECT, 1, "c"), op(ANNUL, 1), op(CREATE, 1, "a"), op(CHANGE, 1, "b")])
    assert (fact.status, fact.data) == (Standing.ANNULLED, {"value": "c"})


def test_at_one_version_and_rank_the_record_id_decides() -> None:
    ops = [op(CHANGE, 1, "a", "02"), op(CHANGE, 1, "b", "01")]
    assert fold(ops).data == fold(ops[::-1]).data == {"value": "a"}


def test_a_check_changes_nothing_and_is_pending_until_newer_content_comes() -> None:
    created = fold([op(CREATE, 1, "a")])
    checked = add(created, op(VERIFY, 2, "b"))
    assert (checked.data, checked.status) == (created.data, created.status)
    assert checked.differs is True
    assert add(checked, op(CHANGE, 3, "b")).differs is None
    assert add(created, op(VERIFY, 2, "a")).differs is False


def test_a_check_of_a_fact_nobody_reported_differs() -> None:
    fact = fold([op(VERIFY, 1)])
    assert (fact.status, fact.data, fact.differs) == (None, None, True)


def test_outcomes_tell_winners_that_say_the_same_from_those_that_came_too_late() -> None:
    now = fold([op(CREATE, 2, "a")])

    def came(late: Op) -> Outcome:
        return outcome(now, add(now, late), late)

    assert came(op(CHANGE, 3, "a")) is Outcome.UNCHANGED
    assert came(op(CHANGE, 1, "b")) is Outcome.SUPERSEDED
    assert came(op(VERIFY, 1, "b")) is Outcome.UNCHANGED
    assert came(op(CREATE, 2, "a")) is Outcome.UNCHANGED
