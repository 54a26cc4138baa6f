"""What is held about somebody: by subject, by holder, by claim and through aliases."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hub.registry import about as module
from hub.registry.about import document_types, holders, members_with, standing_records
from hub.store.database import Database, as_json
from hub.store.statements import compose
from schemas.catalogue import records
from schemas.envelope import Operation
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
)
from tests.integration.registry.writing import put

pytestmark = pytest.mark.database
ONE, ALIAS = fin_urn("TST0001"), alias_urn("00000001")


def document(number: str, holder: dict[str, str]) -> dict[str, object]:
    return {
        "document": {"notation": number, "type": "urn:az:pid:doc"},
        "holder": holder,
        "documentType": "citizen-card",
        "number": number,
        "dateIssued": "2024-01-01",
        "validUntil": "2034-01-01",
        "issuedBy": "Sınaq",
        "status": "valid",
    }


def about(
    database: Database, subject: str, types: Iterable[str] | None = None, most: int = 100
) -> list[tuple[str, str]]:
    with database.transaction() as tx:
        members = members_with(tx, subject)
        found = standing_records(tx, members, types if types is not None else records(), most)
    return [(each.record_type, each.ministry) for each in found]


@pytest.fixture
def known(database: Database) -> Database:
    put(
        database,
        event("person", person(fin("TST0001")), ministry="interior", message_id="1"),
        event("person", person(alias("00000001")), ministry="migration", message_id="2"),
        event("subject_link", link("00000001", "TST0001"), ministry="migration", message_id="3"),
        event(
            "civil_status_act",
            act(1, "death", participant("deceased", "TST0001")),
            ministry="justice",
            message_id="4",
        ),
        event(
            "employment_contract", contract(1, "TST0001", "A"), ministry="labour", message_id="5"
        ),
        event("person", person(fin("TST0002")), ministry="interior", message_id="6"),
        event(
            "employment_contract", contract(2, "TST0002", "B"), ministry="labour", message_id="7"
        ),
    )
    return database


ALL = [
    ("civil_status_act", "justice"),
    ("employment_contract", "labour"),
    ("person", "interior"),
    ("person", "migration"),
    ("subject_link", "migration"),
]


@pytest.mark.parametrize("subject", [ONE, ALIAS])
def test_a_fin_and_its_alias_lead_to_the_same_records(known: Database, subject: str) -> None:
    assert sorted(about(known, subject)) == ALL


def test_only_the_types_that_are_asked_for_are_read(known: Database) -> None:
    assert about(known, ONE, ["employment_contract"]) == [("employment_contract", "labour")]
    with known.transaction() as tx:
        assert standing_records(tx, [ONE], [], 10) == []
        assert standing_records(tx, [], records(), 10) == []


def test_nobody_has_no_records(known: Database) -> None:
    assert about(known, fin_urn("TST0009")) == []


def test_what_was_annulled_is_not_held(known: Database) -> None:
    gone = event(
        "employment_contract",
        contract(1, "TST0001", "A"),
        ministry="labour",
        message_id="8",
        operation=Operation.ANNUL,
        version=2,
    )
    put(known, gone)
    assert ("employment_contract", "labour") not in about(known, ONE)


def test_one_more_than_asked_for_shows_that_there_are_others(known: Database) -> None:
    assert len(about(known, ONE, most=3)) == 4
    assert len(about(known, ONE, most=5)) == 5


def test_a_document_leads_to_its_holder(known: Database) -> None:
    assert document_types() == {"identity_document", "residence_permit"}
    number = "urn:az:pid:doc:AZE00000001"
    put(
        known,
        event(
            "identity_document",
            document("AZE00000001", fin("TST0001")),
            ministry="interior",
            message_id="9",
        ),
    )
    with known.transaction() as tx:
        assert holders(tx, number, ["identity_document"]) == {ONE}
        assert holders(tx, number, ["residence_permit"]) == set()
        assert holders(tx, f"{number}9", document_types()) == set()


def test_every_way_is_through_an_index(known: Database) -> None:
    """Where a sequential scan is a last resort, the plan has none."""
    explained = compose("EXPLAIN {selects}", selects=module._statement(tuple(sorted(records()))))
    with known.transaction() as tx:
        tx.execute("SET LOCAL enable_seqscan = off")
        rows = tx.rows(explained, {"members": as_json([ONE]), "most": 10})
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "Index" in plan
    assert "Seq Scan" not in plan
