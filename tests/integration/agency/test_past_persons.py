"""``persons_at`` draws for all persons at once what ``qovsaq person`` draws for one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.agency.past_persons import CLAIMS
from hub.registry.past import Moment, lookup_past
from hub.registry.writer import write
from hub.store.database import Database
from schemas.catalogue import records
from schemas.record import CanonicalRecord
from tests.integration.agency.samples import golden_events
from tests.integration.registry.events import EPOCH, turmoil
from tests.unit.schemas.samples import EXAMPLES

pytestmark = pytest.mark.database

AT = "SELECT * FROM published.persons_at(%s, %s)"
SUBJECTS = """
SELECT subject FROM registry.claim UNION SELECT subject FROM registry.former
UNION SELECT alias FROM registry.link UNION SELECT identifier FROM registry.link
"""
OPEN = {"staff_fact": {"endedAt": None}, "residence_registration": {"dateEnded": None}}
INSTANT = timedelta(microseconds=1)
FIELDS = {
    "givenName": "given_name",
    "familyName": "family_name",
    "patronymicName": "patronymic_name",
    "patronymicSuffix": "patronymic_suffix",
    "sex": "sex",
    "dateOfBirth": "date_of_birth",
    "dateOfDeath": "date_of_death",
    "placeOfBirth": "place_of_birth",
    "citizenship": "citizenship",
    "domicile": "domicile",
}
ALL = {"given_name", "family_name", *FIELDS.values()}


def as_rows(database: Database, as_of: datetime, known_at: datetime) -> dict[str, dict[str, Any]]:
    with database.transaction() as tx:
        found = tx.rows(AT, [as_of, known_at])
    rows = {row["person"]: row for row in found}
    assert len(rows) == len(found)
    return {
        person: {name: _plain(row[name]) for name in ALL if row[name] is not None}
        for person, row in rows.items()
    }


def one_by_one(
    database: Database, subjects: set[str], as_of: datetime, known_at: datetime
) -> dict[str, dict[str, Any]]:
    moment = Moment(as_of + INSTANT, known_at + INSTANT)
    told: dict[str, dict[str, Any]] = {}
    with database.transaction() as tx:
        for subject in subjects:
            found = lookup_past(tx, subject, moment)
            if found and found.subject == subject:
                fields = {FIELDS[f.name]: f.value for f in found.fields if f.value is not None}
                if fields:
                    told[subject] = fields
    return told


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


@pytest.mark.parametrize("seed", range(2))
def test_all_at_once_is_the_same_as_one_by_one_at_any_two_times(
    database: Database, seed: int
) -> None:
    draw = random.Random(seed)
    events = [
        event.model_copy(update={"time": EPOCH + timedelta(days=draw.randint(1, 20))})
        for event in [*turmoil(seed, 80), *golden_events()]
    ]
    # In the sources' order and one by one, so that each wins in its turn: ``lookup_past`` finds a
    # person by what once won.
    events.sort(key=lambda event: (event.version, event.operation.rank, event.id))
    size = len(events) // 4 + 1
    for batch in range(4):
        with database.transaction() as tx:
            now = EPOCH + timedelta(days=30 + batch)
            for event in events[batch * size : (batch + 1) * size]:
                write(tx, [event], now)
    with database.transaction() as tx:
        rows = tx.rows(SUBJECTS)
    subjects = {row["subject"] for row in rows}
    compared = 0
    for valid in (3, 10, 25):
        for known in (30, 32, 34):
            moments = EPOCH + timedelta(days=valid), EPOCH + timedelta(days=known, hours=1)
            found = {p: f for p, f in as_rows(database, *moments).items() if f}
            assert found == one_by_one(database, subjects, *moments)
            compared += len(found)
    assert compared > 20


def test_every_record_that_claims_something_of_persons_has_its_claims_here() -> None:
    claiming = {
        name
        for name, known in records().items()
        if known.claims is not CanonicalRecord.claims
        and any(
            claim.entity == "person"
            for claim in known.model_validate(EXAMPLES[name] | OPEN.get(name, {})).claims()
        )
    }
    assert claiming == set(CLAIMS)


def test_before_anything_was_known_there_is_nobody(database: Database) -> None:
    with database.transaction() as tx:
        write(tx, list(golden_events()), EPOCH + timedelta(days=30))
    assert as_rows(database, datetime(2100, 1, 1, tzinfo=UTC), EPOCH) == {}
    assert (
        as_rows(database, datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)) == {}
    )
