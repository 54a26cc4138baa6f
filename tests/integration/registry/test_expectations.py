"""A parent's new name opens an expectation; only the child's own source changes the child."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import pytest

from hub.registry import expectations
from hub.registry.person import lookup
from hub.store.database import Database
from schemas.envelope import Event, Operation
from tests.integration.registry.events import (
    act,
    event,
    family_act,
    fin,
    fin_urn,
    participant,
    person,
    renaming,
)
from tests.integration.registry.test_order import interleave
from tests.integration.registry.writing import empty, exported, golden, put

pytestmark = pytest.mark.database

CHILD, FATHER, MOTHER, OTHER = "TST0001", "TST0002", "TST0003", "TST0004"
URN = fin_urn(CHILD)


def justice(data: dict[str, object], operation: Operation = Operation.CREATE, v: int = 1) -> Event:
    return event("civil_status_act", data, ministry="justice", operation=operation, version=v,
                 message_id=f"{data['act']}-{operation}-{v}")  # fmt: skip


def child(patronymic: str, version: int = 1, family: str = "Nümunəyev") -> Event:
    data = person(fin(CHILD), "Körpə", dateOfBirth="2026-02-01", patronymicName=patronymic)
    return event("person", data | {"familyName": family}, ministry="interior", version=version,
                 message_id=f"{patronymic}-{family}-{version}")  # fmt: skip


BIRTH = justice(family_act(1, CHILD, FATHER, MOTHER))
RENAMED = justice(renaming(2, "father", FATHER, "Yeni", "Nümunəyev"))
ANNULLED = justice(renaming(2, "father", FATHER, "Yeni", "Nümunəyev"), Operation.ANNUL, 2)


def awaited(database: Database) -> list[tuple[str, bool]]:
    with database.transaction() as tx:
        return [(row["field"], row["met"]) for row in expectations.of(tx, URN)]


def test_a_fathers_new_name_changes_no_child_and_is_counted(database: Database) -> None:
    put(database, BIRTH, child("Köhnə"), RENAMED)
    found = golden(database, URN)
    assert found is not None
    assert found["fields"]["patronymicName"] == "Köhnə"
    assert awaited(database) == [("patronymicName", False)]
    with database.transaction() as tx:
        (open_,) = expectations.open_by_ground(tx)
        view = lookup(tx, URN)
    assert (open_["ground"], open_["n"]) == ("family-code-191.1", 1)
    assert view is not None
    assert {"name-change-expected"} <= {finding["rule"] for finding in view.findings}


def test_the_childs_own_record_closes_it(database: Database) -> None:
    put(database, BIRTH, child("Köhnə"), RENAMED)
    put(database, child("Yeni", 2))
    assert awaited(database) == [("patronymicName", True)]
    with database.transaction() as tx:
        assert expectations.open_by_ground(tx) == []
        assert [row["met_at"] is None for row in expectations.of(tx, URN)] == [False]


def test_an_annulled_act_and_an_annulled_birth_expect_nothing(database: Database) -> None:
    put(database, BIRTH, child("Köhnə"), RENAMED)
    put(database, ANNULLED)
    assert awaited(database) == []
    put(database, justice(renaming(2, "father", FATHER, "Yeni", "X"), Operation.RESTORE, 3))
    assert awaited(database) == [("patronymicName", False)]
    put(database, justice(family_act(1, CHILD, FATHER, MOTHER), Operation.ANNUL, 2))
    assert awaited(database) == []


def test_surnames_follow_both_parents(database: Database) -> None:
    put(database, BIRTH, child("Köhnə"))
    put(database, justice(renaming(3, "father", FATHER, "Köhnə", "Yeniyev")))
    assert awaited(database) == []
    put(database, justice(renaming(4, "mother", MOTHER, "Köhnə", "Yeniyeva")))
    assert awaited(database) == [("familyName", False)]
    put(database, child("Köhnə", 2, "Yeniyev"))
    assert awaited(database) == [("familyName", True)]


def test_an_adopter_is_a_father_or_mother_by_sex_and_takes_the_place_of_the_one_before(
    database: Database,
) -> None:
    people = [
        participant("adoptee", CHILD),
        participant("adopter", OTHER) | {"sex": "male"},
        participant("adopter", None) | {"sex": "male"},
    ]
    adoption = act(5, "adoption", {}, participants=people, actDate="2026-02-20")
    put(database, BIRTH, child("Köhnə"), RENAMED, justice(adoption))
    assert awaited(database) == []
    renamed = renaming(6, "father", OTHER, "Başqa", "Nümunəyev")
    put(database, justice(renamed))
    assert awaited(database) == [("patronymicName", False)]


def test_an_expectation_keeps_the_day_it_was_opened(database: Database) -> None:
    def opened() -> Sequence[object]:
        with database.transaction() as tx:
            return [row["opened_at"] for row in expectations.of(tx, URN)]

    put(database, BIRTH, RENAMED)
    before = opened()
    put(database, child("Köhnə"))
    put(database, child("Yeni", 2))
    assert opened() == before != []


@pytest.mark.parametrize("alone", [True, False])
def test_the_order_of_arrival_does_not_matter(database: Database, alone: bool) -> None:
    told = [BIRTH, RENAMED, child("Köhnə"), child("Yeni", 2)]
    states = set()
    for order in permutations(told):
        empty(database)
        for batch in ([each] for each in order) if alone else [order]:
            put(database, *batch)
        states.add("\n".join(exported(database)))
    assert len(states) == 1
    assert '"met":true' in states.pop()


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        ([BIRTH, child("Köhnə")], RENAMED, child("Yeni", 2)),
        ([BIRTH, child("Köhnə")], child("Yeni", 2), RENAMED),
        ([child("Yeni")], BIRTH, RENAMED),
        ([child("Yeni")], RENAMED, BIRTH),
        ([RENAMED], BIRTH, child("Yeni")),
        ([RENAMED], child("Yeni"), BIRTH),
    ],
    ids=["rename-child", "child-rename", "birth-rename", "rename-birth", "birth-child",
         "child-birth"],
)  # fmt: skip
def test_what_is_written_at_the_same_time_is_not_overlooked(
    connect: Callable[[], Database], before: list[Event], first: Event, second: Event
) -> None:
    put(connect(), *before)
    assert awaited(interleave(connect, first, second)) == [("patronymicName", True)]
