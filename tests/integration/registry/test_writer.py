"""What one write does: facts, history, claims, golden records and what became of each record."""

from __future__ import annotations

from typing import Any

import pytest

from hub.registry.authority import Authority, Precedence
from hub.registry.subjects import redraw_outdated
from hub.registry.writer import write
from hub.store.database import Database, Row
from hub.store.statements import compose
from schemas.envelope import Event, Operation
from schemas.errors import Parked
from tests.integration.registry.events import (
    act,
    alias,
    alias_urn,
    contract,
    event,
    fin,
    fin_urn,
    link,
    participant,
    person,
    taxpayer,
)
from tests.integration.registry.writing import NOW, exported, golden, put

pytestmark = pytest.mark.database

ONE, TWO = fin_urn("TST0001"), fin_urn("TST0002")
ALIAS = alias_urn("00000001")
CREATE, CHANGE, CORRECT = Operation.CREATE, Operation.CHANGE, Operation.CORRECT
ANNUL, RESTORE, VERIFY = Operation.ANNUL, Operation.RESTORE, Operation.VERIFY
WRITTEN, UNCHANGED, SUPERSEDED = "written", "unchanged", "superseded"


def interior(version: int, name: str, operation: Operation = CREATE, **more: Any) -> Event:
    return event(
        "person",
        person(fin("TST0001"), name, **more),
        ministry="interior",
        message_id=f"{operation}-{version}-{name}",
        operation=operation,
        version=version,
    )


def migrant(version: int, name: str) -> Event:
    return event(
        "person",
        person(alias("00000001"), name, citizenship=["TUR"]),
        ministry="migration",
        message_id=f"p{version}{name}",
        version=version,
    )


def linked(
    to: str, version: int, operation: Operation = CREATE, ministry: str = "migration"
) -> Event:
    return event(
        "subject_link",
        link("00000001", to),
        ministry=ministry,
        message_id=f"{operation}-{version}-{to}",
        operation=operation,
        version=version,
    )


def death(of: str, version: int, operation: Operation = CREATE) -> Event:
    return event(
        "civil_status_act",
        act(1, "death", participant("deceased", of)),
        ministry="justice",
        message_id=f"{operation}-{version}-{of}",
        operation=operation,
        version=version,
    )


def the(database: Database, table: str) -> Row:
    with database.transaction() as tx:
        (row,) = tx.rows(compose("SELECT * FROM {table}", table=("registry", table)))
    return row


def believed(database: Database, subject: str, field: str) -> Any:
    found = golden(database, subject)
    return found and found["fields"].get(field)


def test_fields_become_typed_columns(database: Database) -> None:
    put(
        database,
        event("employment_contract", contract(1, "TST0001", "mühəndis"), ministry="labour",
              message_id="m1"),
        interior(1, "Sınaq", dateOfDeath="2026-02-28", citizenship=["AZE"]),
        event("tax_registration", taxpayer("Nümunə MMC"), ministry="economy", message_id="m2"),
    )  # fmt: skip
    work, who = the(database, "employment_contract"), the(database, "person")
    assert (work["worker"], work["worker_urn"]) == ("TST0001", ONE)
    assert (work["main_job"], work["position"]) == (True, "mühəndis")
    assert work["start_date"].isoformat() == "2026-01-03"
    assert work["wage"] == {"amount": "1250.00", "currency": "AZN"}
    assert who["given_name"] == "Sınaq"
    assert who["date_of_death"].isoformat() == "2026-02-28"
    assert who["citizenship"] == ["AZE"]
    assert who["recorded_at"] == NOW
    assert the(database, "golden_person")["given_name"] == "Sınaq"
    assert the(database, "golden_legal_entity")["legal_name"] == "Nümunə MMC"


def test_an_overtaken_operation_moves_to_the_history_whole(database: Database) -> None:
    put(database, interior(1, "A"))
    put(database, interior(2, "B", CHANGE))
    put(database, interior(1, "C", CHANGE))
    with database.transaction() as tx:
        past = tx.rows("SELECT * FROM registry.person_history ORDER BY operation DESC")
    assert [(row["operation"], row["data"]["givenName"]) for row in past] == [
        ("create", "A"),
        ("change", "C"),
    ]
    assert past[0]["message_id"] == "create-1-A"
    assert the(database, "person")["given_name"] == "B"


def test_outcomes_follow_the_order_of_arrival_also_within_a_batch(database: Database) -> None:
    first, newer, late, same = (
        interior(2, "A"),
        interior(3, "B", CHANGE),
        interior(1, "C", CHANGE),
        interior(4, "B", CHANGE),
    )
    together = put(database, first, newer, late, same, first)
    assert together == [WRITTEN, WRITTEN, SUPERSEDED, UNCHANGED, WRITTEN]
    assert put(database, newer, same) == [SUPERSEDED, UNCHANGED]


def test_a_record_id_counts_once_even_if_it_comes_with_another_content(
    database: Database,
) -> None:
    event = interior(1, "A")
    put(database, event)
    before = exported(database)
    altered = event.model_copy(update={"version": 9, "data": interior(1, "B").data})
    put(database, altered)
    put(database, interior(2, "C", CHANGE))
    put(database, altered)
    assert believed(database, ONE, "givenName") == "C"
    assert len(exported(database)) == len(before)


def test_an_annul_that_arrives_first_keeps_the_fact_out_of_the_golden_record(
    database: Database,
) -> None:
    assert put(database, interior(2, "A", ANNUL)) == [WRITTEN]
    assert the(database, "person")["given_name"] is None
    assert put(database, interior(1, "A")) == [WRITTEN]
    assert (the(database, "person")["standing"], golden(database, ONE)) == ("annulled", None)
    put(database, interior(3, "A", RESTORE))
    assert believed(database, ONE, "givenName") == "A"


def test_a_check_that_differs_is_marked_until_the_content_is_newer(database: Database) -> None:
    put(database, interior(1, "A"), interior(2, "B", VERIFY))
    assert the(database, "person")["verify_differs"] is True
    assert believed(database, ONE, "givenName") == "A"
    put(database, interior(2, "B", CHANGE))
    assert the(database, "person")["verify_differs"] is False
    put(database, interior(3, "C", CHANGE))
    assert the(database, "person")["verify_differs"] is None


def test_an_alias_joins_the_person_when_the_link_comes_and_leaves_when_it_is_annulled(
    database: Database,
) -> None:
    put(database, migrant(1, "A"))
    assert believed(database, ALIAS, "citizenship") == ["TUR"]
    put(database, linked("TST0001", 2))
    assert golden(database, ALIAS) is None
    assert believed(database, ONE, "citizenship") == ["TUR"]
    put(database, migrant(3, "B"))
    assert believed(database, ONE, "givenName") == "B"
    put(database, linked("TST0001", 4, ANNUL))
    assert golden(database, ONE) is None
    assert believed(database, ALIAS, "givenName") == "B"


def test_a_corrected_link_moves_the_alias_to_the_other_person(database: Database) -> None:
    put(database, interior(1, "A"), migrant(1, "M"), linked("TST0001", 2))
    put(database, linked("TST0002", 3, CORRECT))
    assert believed(database, ONE, "citizenship") is None
    assert believed(database, TWO, "citizenship") == ["TUR"]


def test_two_fins_of_one_alias_are_a_finding_and_merge_nothing(database: Database) -> None:
    put(database, interior(1, "A"), migrant(1, "M"), linked("TST0001", 2))
    put(database, linked("TST0002", 1, ministry="interior"))
    finding = {"rule": "two-fins", "subject": ALIAS}
    assert believed(database, ONE, "citizenship") is None
    assert believed(database, ALIAS, "givenName") == "M"
    for subject in (ONE, TWO, ALIAS):
        found = golden(database, subject)
        assert found is not None
        assert finding in found["findings"]
    put(database, linked("TST0002", 2, ANNUL, ministry="interior"))
    assert believed(database, ONE, "citizenship") == ["TUR"]
    assert golden(database, TWO) is None


def test_two_ministries_that_contradict_each_other_are_ranked_by_the_matrix(
    database: Database,
) -> None:
    put(database, interior(9, "A", dateOfDeath="2026-02-02"), death("TST0001", 1))
    found = golden(database, ONE)
    assert found is not None
    assert found["fields"]["dateOfDeath"] == "2026-02-01"
    assert found["sources"]["dateOfDeath"]["ministry"] == "justice"
    sources = "interior/person, justice/civil_status_act"
    contradiction = {"rule": "contradiction", "field": "dateOfDeath", "sources": sources}
    assert contradiction in found["findings"]


def test_a_correction_of_who_died_brings_the_other_one_back_to_life(database: Database) -> None:
    put(database, death("TST0001", 1))
    put(database, death("TST0002", 2, CORRECT))
    assert golden(database, ONE) is None
    assert believed(database, TWO, "dateOfDeath") == "2026-02-01"
    put(database, death("TST0002", 3, ANNUL))
    assert golden(database, TWO) is None


def test_another_matrix_draws_golden_records_again(database: Database) -> None:
    put(database, interior(9, "A", dateOfDeath="2026-02-02"), death("TST0001", 1))
    other = Authority("9999", {"person": Precedence({}, ("interior/person",))})
    with database.transaction() as tx:
        assert redraw_outdated(tx, other, NOW) == 1
        assert redraw_outdated(tx, other, NOW) == 0
    assert believed(database, ONE, "dateOfDeath") == "2026-02-02"


def test_a_record_about_another_fact_than_its_envelope_is_parked(database: Database) -> None:
    stray = interior(1, "A").model_copy(update={"subject": TWO})
    with pytest.raises(Parked, match="fact-mismatch"):
        put(database, interior(2, "B"), stray)
    assert exported(database) == []


def test_content_that_is_no_record_is_parked_without_quoting_it(database: Database) -> None:
    broken = interior(1, "A").model_copy(update={"data": {"givenName": "Gizli"}})
    with pytest.raises(Parked, match="canonical-content") as caught:
        put(database, broken)
    assert "Gizli" not in str(caught.value)


@pytest.mark.parametrize("kind", ["az.itsda.qovsaq.novelty.v1", "az.itsda.qovsaq.person.v9"])
def test_a_record_this_release_does_not_know_is_parked(database: Database, kind: str) -> None:
    for operation in (CREATE, ANNUL):
        unknown = interior(1, "A", operation).model_copy(update={"type": kind})
        with pytest.raises(Parked, match="unknown-record"), database.transaction() as tx:
            write(tx, [unknown], NOW)
