"""A person as the registry knows it: each field's source, and all that was ever said."""

from __future__ import annotations

import orjson
import pytest

from hub.registry.person import PersonView, lookup
from hub.store.database import Database
from schemas.envelope import Operation
from tests.integration.registry.events import (
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
from tests.integration.registry.writing import NOW, put

pytestmark = pytest.mark.database

ONE, ALIAS = fin_urn("TST0001"), alias_urn("00000001")


def found(database: Database, subject: str) -> PersonView:
    with database.transaction() as tx:
        view = lookup(tx, subject)
    assert view is not None
    return view


@pytest.fixture
def known(database: Database) -> Database:
    """A person renamed once, known to Migration under an alias, and wrongly reported dead."""
    dead = act(1, "death", participant("deceased", "TST0001"))
    put(
        database,
        event("person", person(fin("TST0001"), "A"), ministry="interior", message_id="1"),
        event(
            "person",
            person(fin("TST0001"), "B"),
            ministry="interior",
            message_id="2",
            operation=Operation.CHANGE,
            version=3,
        ),
        event(
            "person",
            person(alias("00000001"), "M", citizenship=["TUR"]),
            ministry="migration",
            message_id="3",
            version=2,
        ),
        event("subject_link", link("00000001", "TST0001"), ministry="migration", message_id="4"),
        event("civil_status_act", dead, ministry="justice", message_id="5"),
        event(
            "civil_status_act",
            dead,
            ministry="justice",
            message_id="6",
            operation=Operation.ANNUL,
            version=2,
        ),
    )
    return database


def test_each_field_has_its_source_and_every_value_it_was_given(known: Database) -> None:
    fields = {each.name: each for each in found(known, ONE).fields}
    name = fields["givenName"]
    assert (name.value, name.source and name.source["ministry"]) == ("B", "interior")
    assert [(word.value, word.ministry) for word in name.history] == [
        ("A", "interior"),
        ("M", "migration"),
        ("B", "interior"),
    ]
    assert name.history[0].step.recorded_at == NOW
    assert fields["citizenship"].value == ["TUR"]


def test_what_an_annulled_fact_said_is_history_only(known: Database) -> None:
    view = found(known, ONE)
    death = next(each for each in view.fields if each.name == "dateOfDeath")
    assert (death.value, death.source) == (None, None)
    assert [word.value for word in death.history] == ["2026-02-01"]
    (deceased,) = (fact for fact in view.facts if fact.record_type == "civil_status_act")
    assert [step.operation for step in deceased.steps] == [Operation.CREATE, Operation.ANNUL]


def test_an_alias_leads_to_the_person_it_joined(known: Database) -> None:
    view = found(known, ALIAS)
    assert view == found(known, ONE)
    assert (view.subject, view.aliases) == (ONE, (ALIAS,))


def test_a_person_of_whom_nothing_was_said_is_not_found(known: Database) -> None:
    with known.transaction() as tx:
        assert lookup(tx, fin_urn("TST0009")) is None


def test_the_answer_is_fit_for_json(known: Database) -> None:
    assert orjson.loads(orjson.dumps(found(known, ONE)))["subject"] == ONE


def test_a_person_first_annulled_is_found_by_that_alone(database: Database) -> None:
    annul = event(
        "person",
        person(fin("TST0001")),
        ministry="interior",
        message_id="1",
        operation=Operation.ANNUL,
    )
    put(database, annul)
    view = found(database, ONE)
    assert view.fields == ()
    assert [step.operation for step in view.facts[0].steps] == [Operation.ANNUL]
