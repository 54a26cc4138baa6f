"""Search finds whoever is meant, says how sure it is, and is never sure by a name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from hub.agency import search as module
from hub.agency.likeness import Name
from hub.agency.search import Grade, Hit, Search
from hub.evidence import audit, operators
from hub.evidence.declined import Declined
from hub.simulator.population import Person, World
from hub.store.database import Database, Transaction
from schemas.envelope import Event
from tests.integration.agency.spellings import SPELLINGS
from tests.integration.registry.events import (
    alias,
    alias_urn,
    event,
    fin,
    fin_urn,
    link,
    person,
    taxpayer,
)
from tests.integration.registry.writing import NOW, put
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.database

PERSONS = [World(seed=11).person(index) for index in range(200)]
TOKEN: dict[str, str] = {}

_MANY = """
INSERT INTO registry.golden (entity, subject, fields, sources, findings, authority, updated_at)
SELECT 'person', 'urn:az:pid:fin:TST' || n,
    jsonb_build_object('dateOfBirth', '1970-01-01'::date + n),
    '{}', '[]', 'a test', '2026-01-01T00:00:00Z'
FROM generate_series(1, 5000) AS n
"""


def registered(number: int, known: Person, born: date | None = None) -> Event:
    data = person(
        fin(known.fin),
        known.name,
        familyName=known.surname,
        patronymicName=known.father,
        dateOfBirth=(born or known.born).isoformat(),
    )
    return event("person", data, ministry="interior", message_id=f"p-{number}")


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer, template_database: str) -> Iterator[Database]:
    """Two hundred persons, and as many others who were born on the same days."""
    name = f"{template_database}_search"
    database = Database(postgres.create(name, template_database))
    others = [World(seed=11).person(index) for index in range(1000, 1200)]
    born_alike = zip(others, PERSONS, strict=True)
    put(database, *(registered(n, known) for n, known in enumerate(PERSONS)))
    put(database, *(registered(500 + n, o, p.born) for n, (o, p) in enumerate(born_alike)))
    with database.transaction() as tx:
        TOKEN["root"] = operators.add(tx, "root", None, NOW)
    yield database
    database.close()
    postgres.drop(name)


def search(tx: Transaction, purpose: str = "a test", per_day: int = 100_000) -> Search:
    return Search(tx, TOKEN["root"], purpose, NOW, per_day)


def name_of(known: Person) -> Name:
    return Name(known.name, known.surname, known.father)


def place(hits: list[Hit], known: Person) -> int | None:
    subjects = [hit.subject for hit in hits]
    urn = fin_urn(known.fin)
    return subjects.index(urn) if urn in subjects else None


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_all_two_hundred_are_found_under_each_spelling(filled: Database, spelling: str) -> None:
    with filled.transaction() as tx:
        found = [
            search(tx).named(SPELLINGS[spelling](name_of(known)), known.born) for known in PERSONS
        ]
    places = [place(hits, known) for hits, known in zip(found, PERSONS, strict=True)]
    assert [p.fin for p, at in zip(PERSONS, places, strict=True) if at is None] == []
    assert sum(at == 0 for at in places) >= 190
    assert all(hit.grade is not Grade.CERTAIN for hits in found for hit in hits)


def test_only_who_bears_the_very_name_is_called_the_same(filled: Database) -> None:
    with filled.transaction() as tx:
        for known in PERSONS:
            for hit in search(tx).named(name_of(known), known.born):
                same = (hit.fields["givenName"], hit.fields["familyName"]) == (
                    known.name,
                    known.surname,
                )
                assert (hit.grade is Grade.SAME_NAME) <= same


def test_another_day_of_birth_finds_nobody(filled: Database) -> None:
    known = PERSONS[0]
    with filled.transaction() as tx:
        found = search(tx).named(name_of(known), known.born + timedelta(days=40_000))
    assert found == []


def test_a_number_is_certain_and_leads_through_aliases(database: Database) -> None:
    put(
        database,
        event("person", person(fin("TST0001")), ministry="interior", message_id="p"),
        event("subject_link", link("00000001", "TST0001"), ministry="migration", message_id="l"),
        event("person", person(alias("00000001")), ministry="migration", message_id="q"),
    )
    with database.transaction() as tx:
        TOKEN["here"] = operators.add(tx, "here", None, NOW)
        asked = Search(tx, TOKEN["here"], "a test", NOW)
        for urn in (fin_urn("TST0001"), alias_urn("00000001")):
            (hit,) = asked.person(urn)
            assert (hit.subject, hit.grade, hit.score) == (fin_urn("TST0001"), Grade.CERTAIN, 1.0)
        assert asked.person(fin_urn("TST0009")) == []


def test_a_number_with_two_persons_behind_it_finds_none_for_certain(database: Database) -> None:
    put(
        database,
        event("person", person(fin("TST0001")), ministry="interior", message_id="p"),
        event("person", person(fin("TST0002")), ministry="interior", message_id="q"),
        event("subject_link", link("00000001", "TST0001"), ministry="migration", message_id="l"),
        event("subject_link", link("00000001", "TST0002"), ministry="interior", message_id="m"),
    )
    with database.transaction() as tx:
        token = operators.add(tx, "root", None, NOW)
        assert Search(tx, token, "a test", NOW).person(alias_urn("00000001")) == []


def test_taxpayers_and_holders_of_documents_are_found_by_number(database: Database) -> None:
    card = {
        "document": {"notation": "AA0000001", "type": "urn:az:pid:doc"},
        "holder": fin("TST0001"),
        "documentType": "citizen-card",
        "number": "0000001",
        "dateIssued": "2020-01-01",
        "status": "valid",
    }
    put(
        database,
        event("tax_registration", taxpayer("Nümunə MMC"), ministry="economy", message_id="t"),
        event("identity_document", card, ministry="interior", message_id="d"),
        event("person", person(fin("TST0001")), ministry="interior", message_id="p"),
    )
    with database.transaction() as tx:
        token = operators.add(tx, "root", None, NOW)
        asked = Search(tx, token, "a test", NOW)
        (company,) = asked.legal_entity("urn:az:org:voen:0000001041")
        (holder,) = asked.holder("urn:az:pid:doc:AA0000001")
        assert asked.holder("urn:az:pid:doc:AA0000009") == []
    assert company.fields["legalName"] == "Nümunə MMC"
    assert (holder.subject, holder.grade) == (fin_urn("TST0001"), Grade.CERTAIN)


def test_a_search_leaves_a_trace_in_which_no_name_and_no_number_stands(filled: Database) -> None:
    known = PERSONS[7]
    with filled.transaction() as tx:
        search(tx, "trace test").named(name_of(known), known.born)
        search(tx, "trace test").person(fin_urn(known.fin))
        acts = [a for a in audit.about(tx, "search:name", "search:number")
                if a["reason"] == "trace test"]  # fmt: skip
    assert [(act["actor"], act["action"]) for act in acts] == [("root", "searched")] * 2
    told = str(acts).lower()
    assert not any(part.lower() in told for part in (known.fin, known.name, known.surname))
    assert all(act["detail"]["shown"] for act in acts)


def test_searches_are_bounded_state_a_purpose_and_need_a_token(database: Database) -> None:
    with database.transaction() as tx:
        token = operators.add(tx, "root", None, NOW)
    for _ in range(2):
        with database.transaction() as tx:
            Search(tx, token, "p", NOW, per_day=2).person(fin_urn("TST0001"))
    with pytest.raises(Declined, match="search-quota"), database.transaction() as tx:
        Search(tx, token, "p", NOW, per_day=2).person(fin_urn("TST0001"))
    with database.transaction() as tx:
        tomorrow = NOW + timedelta(days=1)
        assert Search(tx, token, "p", tomorrow, per_day=2).person(fin_urn("TST0001")) == []
    with pytest.raises(Declined, match="purpose-missing"), database.transaction() as tx:
        Search(tx, token, " ", NOW).person(fin_urn("TST0001"))
    with pytest.raises(Declined, match="not-authenticated"), database.transaction() as tx:
        Search(tx, "guess", "p", NOW).person(fin_urn("TST0001"))
    with pytest.raises(Declined, match="search-name"), database.transaction() as tx:
        Search(tx, token, "p", NOW).named(Name(patronymic="Əli"), date(1980, 5, 1))


def test_a_year_of_birth_that_is_all_a_source_knows_counts_a_little_less(
    database: Database,
) -> None:
    data = person(fin("TST0001"), "Sınaq", dateOfBirth="1935")
    put(database, event("person", data, ministry="interior", message_id="p"))
    with database.transaction() as tx:
        token = operators.add(tx, "root", None, NOW)
        (hit,) = Search(tx, token, "p", NOW).named(Name("Sınaq", "Nümunəyev"), date(1935, 6, 1))
    assert (hit.score, hit.grade) == (0.9, Grade.LIKELY)


def test_those_born_on_a_day_are_read_by_index_however_many_persons_there_are(
    database: Database,
) -> None:
    with database.transaction() as tx:
        tx.execute(_MANY)
        tx.execute("ANALYZE registry.golden")
        plan = tx.rows(f"EXPLAIN {module._BORN}", [["1970-01-05", "1970-01", "1970"], 20_000])
    assert "golden_born" in "\n".join(row["QUERY PLAN"] for row in plan)
