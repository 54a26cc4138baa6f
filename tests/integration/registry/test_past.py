"""What was known of a person: two times, each asked for by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.registry.past import Moment, lookup_past
from hub.registry.person import PersonView, lookup
from hub.registry.writer import write
from hub.store.database import Database
from schemas.envelope import Event, Operation
from tests.integration.registry.events import (
    EPOCH,
    act,
    alias,
    alias_urn,
    event,
    fin,
    fin_urn,
    link,
    participant,
    person,
)

pytestmark = pytest.mark.database

ONE, TWO, ALIAS = fin_urn("TST0001"), fin_urn("TST0002"), alias_urn("00000001")
CHANGE, CORRECT, ANNUL = Operation.CHANGE, Operation.CORRECT, Operation.ANNUL


def day(number: int) -> datetime:
    return EPOCH + timedelta(days=number)


def recorded(database: Database, on: int, *events: Event) -> None:
    with database.transaction() as tx:
        write(tx, events, day(on))


def said(name: str, version: int, occurred: int, **given: Any) -> Event:
    values: dict[str, Any] = {
        "ministry": "interior",
        "message_id": str(version),
        "version": version,
    } | given
    made = event("person", person(fin("TST0001"), name), **values)
    return made.model_copy(update={"time": day(occurred)})


def past(
    database: Database, subject: str = ONE, valid: int | None = None, known: int | None = None
) -> PersonView | None:
    moment = Moment(None if valid is None else day(valid), None if known is None else day(known))
    with database.transaction() as tx:
        return lookup_past(tx, subject, moment)


def name(view: PersonView | None) -> Any:
    assert view is not None
    return next((each.value for each in view.fields if each.name == "givenName"), None)


@pytest.fixture
def renamed(database: Database) -> Database:
    """A from day 1 (recorded on 2), B from 10 (on 20), which was wrong and is C (on 30)."""
    recorded(database, 2, said("A", 1, 1))
    recorded(database, 20, said("B", 2, 10, operation=CHANGE))
    recorded(database, 30, said("C", 3, 25, operation=CORRECT))
    return database


@pytest.mark.parametrize(
    ("valid", "known", "expected"),
    [
        (None, None, "C"),
        (None, 3, "A"),
        (None, 21, "B"),
        (5, None, "A"),
        (5, 21, "A"),
        (15, 21, "B"),
        (15, 19, "A"),
        (15, None, "C"),
    ],
    ids=str,
)
def test_valid_and_known_are_asked_for_independently(
    renamed: Database, valid: int | None, known: int | None, expected: str
) -> None:
    assert name(past(renamed, valid=valid, known=known)) == expected


def test_before_anything_was_recorded_nothing_was_known(renamed: Database) -> None:
    assert past(renamed, known=2) is None


def test_before_the_first_occurrence_nothing_was_so(renamed: Database) -> None:
    view = past(renamed, valid=1)
    assert view is not None
    assert view.fields == () or name(view) is None


def test_steps_that_came_later_are_not_shown(renamed: Database) -> None:
    view = past(renamed, known=21)
    assert view is not None
    assert [step.operation for step in view.facts[0].steps] == [Operation.CREATE, CHANGE]


def test_the_order_of_arrival_does_not_matter_to_what_is_so_now(renamed: Database) -> None:
    with renamed.transaction() as tx:
        now = lookup(tx, ONE)
    assert now is not None
    then = past(renamed)
    assert then is not None
    assert (then.fields, then.facts) == (now.fields, now.facts)


def test_a_death_annulled_later_was_believed_then_and_never_happened_now(
    database: Database,
) -> None:
    recorded(database, 2, said("A", 1, 1))
    dead = act(1, "death", participant("deceased", "TST0001"))
    told = event("civil_status_act", dead, ministry="justice", message_id="5")
    recorded(database, 5, told.model_copy(update={"time": day(4)}))
    untold = event(
        "civil_status_act", dead, ministry="justice", message_id="6", operation=ANNUL, version=2
    )
    recorded(database, 9, untold.model_copy(update={"time": day(8)}))
    assert died(past(database, known=8, valid=6)) == "2026-02-01"
    assert died(past(database, known=8, valid=3)) is None
    assert died(past(database, known=10, valid=6)) is None


def died(view: PersonView | None) -> Any:
    assert view is not None
    return next((each.value for each in view.fields if each.name == "dateOfDeath"), None)


def test_an_act_corrected_to_another_person_was_known_of_the_first_until_then(
    database: Database,
) -> None:
    recorded(database, 2, said("A", 1, 1))
    for on, whose, operation in ((5, "TST0001", Operation.CREATE), (9, "TST0002", CORRECT)):
        made = event(
            "civil_status_act",
            act(1, "death", participant("deceased", whose)),
            ministry="justice",
            message_id=str(on),
            operation=operation,
            version=on,
        )
        recorded(database, on, made.model_copy(update={"time": day(4)}))
    assert died(past(database, known=8)) == "2026-02-01"
    assert died(past(database, known=10)) is None
    assert died(past(database, TWO, known=10)) == "2026-02-01"
    assert past(database, TWO, known=8) is None


def test_a_link_counts_from_when_it_was_known_until_it_was_withdrawn(database: Database) -> None:
    recorded(database, 2, said("A", 1, 1))
    alien = event(
        "person", person(alias("00000001"), "M", citizenship=["TUR"]), ministry="migration",
        message_id="3",
    )  # fmt: skip
    recorded(database, 3, alien.model_copy(update={"time": day(1)}))
    for on, operation in ((5, Operation.CREATE), (9, ANNUL)):
        made = event(
            "subject_link",
            link("00000001", "TST0001"),
            ministry="migration",
            message_id=f"l{on}",
            operation=operation,
            version=on,
        )
        recorded(database, on, made.model_copy(update={"time": day(4)}))
    assert aliases(past(database, known=4)) == ()
    assert aliases(past(database, known=6)) == (ALIAS,)
    assert aliases(past(database, known=6, valid=4)) == ()
    assert aliases(past(database)) == ()
    through = past(database, ALIAS, known=6)
    assert through is not None
    assert through.subject == ONE


def aliases(view: PersonView | None) -> tuple[str, ...]:
    assert view is not None
    return view.aliases
