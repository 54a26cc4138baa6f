"""A batch is decided record by record, also where records share a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.delivery.basis import Basis
from hub.delivery.custody import Due, Known, State
from hub.delivery.gate import Allow, Candidate, Decision, Hold, VersionKey, decide
from hub.delivery.grant import Grant, Standing
from hub.delivery.subscriber import Channel, Subscriber
from schemas.envelope import Operation
from tests.support.outbound_events import BODY, START, document, paper, person

SUBSCRIBER = Subscriber(BODY, "A pension fund", Channel.AMQP, records=("person",))
DUE = st.lists(
    st.builds(
        lambda number, sequence, operation, bare, test, cut: _due(
            number, sequence, operation, bare=bare, test=test, cut=cut
        ),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from([Operation.CHANGE, Operation.ANNUL]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
    unique_by=lambda record: record.event.id,
)


def _due(
    number: int, sequence: int, operation: Operation, *, bare: bool, test: bool, cut: bool
) -> Due:
    event = paper(number) if bare else person(number, sequence=sequence, operation=operation)
    changes: dict[str, Any] = {"testmode": test}
    if cut and event.data is not None:
        changes["data"] = dict(list(event.data.items())[:-1])
    return Due(event.model_copy(update=changes), "live")


def granted(**changes: Any) -> Mapping[str, Grant]:
    made = document(**changes)
    return {made.grant: Grant(made.grant, 1, Standing.IN_FORCE, made)}


def basis(grants: Mapping[str, Grant], used: int = 0, **changes: Any) -> Basis:
    given: dict[str, Any] = {
        "subscriber": SUBSCRIBER,
        "now": START,
        "grants": grants,
        "known": {},
        "newest": {},
        "blocked": {},
        "limited": any(grant.document.records_per_day for grant in grants.values()),
        "used": Counter(dict.fromkeys(grants, used)),
    }
    return Basis(**given | changes)


def one_by_one(
    records: Sequence[Due],
    grants: Mapping[str, Grant],
    blocked: Mapping[str, int],
    newest: dict[str, VersionKey],
    used: Counter[str],
) -> list[Decision]:
    """What the gate says to each record by itself."""
    found = []
    for record in records:
        decision = decide(
            Candidate.of(record.event, blocked.get(record.event.id)),
            SUBSCRIBER,
            tuple(grants.values()),
            now=START,
            used=used,
            newest_sent=newest.get(record.fact),
        )
        if isinstance(decision, Allow):
            newest[record.fact] = record.version
            used[decision.grant_id] += 1
        found.append(decision)
    return found


@given(DUE, st.sets(st.integers(0, 11)), st.sampled_from([None, 3]), st.sets(st.integers(1, 3)))
def test_records_of_a_batch_get_the_decision_they_would_get_alone(
    records: list[Due], places: set[int], most: int | None, handed_out: set[int]
) -> None:
    grants = granted(**({"recordsPerDay": most} if most else {}))
    blocked = {record.event.id: 7 for place, record in enumerate(records) if place in places}
    newest = {Due(person(each), "live").fact: (2, 0, "f" * 32) for each in handed_out}
    made = basis(grants, blocked=blocked, newest=dict(newest))
    alone = one_by_one(records, grants, blocked, newest, Counter())
    assert [made.decide(record) for record in records] == alone
    assert made.taken.total() == sum(isinstance(each, Allow) for each in alone)


def test_records_alike_share_one_decision() -> None:
    made = basis(granted())
    first, second = (made.decide(Due(person(number), "live")) for number in (1, 2))
    assert isinstance(first, Allow)
    assert first is second


def test_a_limit_of_the_day_is_reached_within_a_batch() -> None:
    made = basis(granted(recordsPerDay=3), used=2)
    first, second = (made.decide(Due(person(number), "live")) for number in (1, 2))
    assert isinstance(first, Allow)
    assert isinstance(second, Hold)


@pytest.mark.parametrize(("version", "taken"), [(1, 0), (2, 1)])
def test_what_was_counted_under_this_version_of_the_grant_is_not_counted_again(
    version: int, taken: int
) -> None:
    record = Due(person(1), "live")
    grants = granted(recordsPerDay=1)
    held = {"pensions-persons": 1}
    known = {record.event.id: Known(State.SENT, False, ("pensions-persons", version))}
    made = basis(grants, known=known, used=1)
    assert made.used == Counter(held)
    assert isinstance(made.decide(record), Allow)
    assert made.taken.total() == taken


def test_outside_of_hours_all_wait_for_the_same_opening() -> None:
    hours = {"opens": "20:00", "closes": "21:00", "days": [1]}
    made = basis(granted(hours=hours))
    decisions = [made.decide(Due(person(number), "live")) for number in (1, 2)]
    assert [each.until - START for each in decisions if isinstance(each, Hold)] == [
        timedelta(hours=8)
    ] * 2
    assert made.taken == Counter()
