"""What a body with a basis is told, what it is not, and what is written down before."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import requests

from hub.agency.request_register import RequestKind
from hub.agency.requests import Requests
from tests.integration.registry.events import event
from tests.integration.registry.writing import put
from tests.support.lookup_site import FIN, NOBODY, PURPOSE, VOEN, LookupSite, paper
from tests.support.outbound_bench import BODY, START

pytestmark = pytest.mark.database
PERSON = f"/v1/persons/{FIN}"
NONE = f"/v1/persons/{NOBODY}"
DOCUMENT = "/v1/persons?document=AZE:00000001"
COMPANY = f"/v1/legal-entities/{VOEN}"
PAPERS = {
    "grant": "pensions-papers",
    "records": ["identity_document"],
    "fields": {"identity_document": ["document", "holder", "status"]},
}
COMPANIES = {
    "grant": "pensions-companies",
    "category": "4.1.4",
    "records": ["tax_registration"],
    "fields": {"tax_registration": ["identifier", "legalName"]},
}


def refusal(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_body_is_told_the_fields_its_grant_allows_under_the_fin_and_its_alias(
    site: LookupSite,
) -> None:
    site.bench.grant()
    found = site.found(PERSON)
    assert {(each["source"], each["subject"]) for each in found} == {
        ("urn:az:gov:interior", f"urn:az:pid:fin:{FIN}"),
        ("urn:az:gov:migration", "urn:az:pid:smx:00000001"),
    }
    for each in found:
        assert set(each["data"]) == {"identifier", "givenName", "familyName"}
        assert each["grant"] == "pensions-persons"
        assert "messageid" not in each


def test_a_document_leads_to_its_holder_where_there_is_a_basis_for_documents(
    site: LookupSite,
) -> None:
    site.bench.grant()
    assert refusal(site.get(DOCUMENT)) == (403, "no-basis")
    site.bench.grant(**PAPERS)
    found = site.found(DOCUMENT)
    types = [each["type"] for each in found]
    assert types.count("az.itsda.qovsaq.identity_document.v1") == 1
    assert types.count("az.itsda.qovsaq.person.v1") == 2
    assert refusal(site.get("/v1/persons?document=AZE:99999999")) == (404, "nothing-found")
    only = site.found(f"{DOCUMENT}&records=person")
    assert {each["type"] for each in only} == {"az.itsda.qovsaq.person.v1"}


def test_a_legal_entity_is_found_by_its_voen(site: LookupSite) -> None:
    site.bench.grant(**COMPANIES)
    (found,) = site.found(COMPANY)
    assert found["data"]["legalName"] == "Nümunə MMC"
    assert set(found["data"]) == {"identifier", "legalName"}


def test_only_the_records_that_are_asked_for_are_told(site: LookupSite) -> None:
    site.bench.grant()
    site.bench.grant(**PAPERS)
    (found,) = site.found(f"{PERSON}?records=identity_document")
    assert found["type"] == "az.itsda.qovsaq.identity_document.v1"
    assert len(site.found(f"{PERSON}?records=identity_document,person")) == 3


@pytest.mark.parametrize("restriction", ["none", "suspend", "revoke", "expire"])
def test_without_a_basis_a_refusal_does_not_tell_whether_anybody_is_known(
    site: LookupSite, restriction: str
) -> None:
    if restriction != "none":
        grant_id = site.bench.grant()
    if restriction in ("suspend", "revoke"):
        getattr(site.bench, restriction)(grant_id)
    if restriction == "expire":
        site.bench.clock.advance(timedelta(days=400).total_seconds())
    known, unknown = site.get(PERSON), site.get(NONE)
    assert refusal(known) == refusal(unknown) == (403, "no-basis")
    assert known.content == unknown.content
    assert FIN not in known.text


def test_without_a_basis_the_registry_is_not_even_read(site: LookupSite) -> None:
    with site.bench.database.transaction() as tx:
        tx.execute("DROP SCHEMA registry CASCADE")
    assert refusal(site.get(PERSON)) == (403, "no-basis")
    assert refusal(site.get(DOCUMENT)) == (403, "no-basis")
    site.bench.grant()
    assert refusal(site.get(PERSON)) == (503, "unavailable")


def test_who_has_a_basis_is_told_that_the_data_are_blocked_and_nobody_else_is(
    site: LookupSite,
) -> None:
    with site.bench.database.transaction() as tx:
        subject = f"urn:az:pid:fin:{FIN}"
        asked = Requests(tx, site.bench.tokens["second"], START).open(
            RequestKind.BLOCKING, subject, "a letter"
        )
        Requests(tx, site.bench.tokens["third"], START).grant(asked.request_id, "founded")
    assert refusal(site.get(PERSON)) == (403, "no-basis")
    site.bench.grant()
    answer = site.get(PERSON)
    assert refusal(answer) == (403, "data-blocked")
    assert FIN not in answer.text
    (row,) = site.rows("SELECT * FROM outbound.disclosure WHERE reason = 'data-blocked'")
    assert row["verdict"] == "withheld"


def test_with_a_basis_nobody_and_nothing_allowed_look_the_same(site: LookupSite) -> None:
    site.bench.grant(**COMPANIES)
    known, unknown = site.get(PERSON), site.get(NONE)
    assert refusal(known) == refusal(unknown) == (404, "nothing-found")
    assert known.content == unknown.content


def test_each_record_is_logged_each_time_with_its_basis_before_it_leaves(site: LookupSite) -> None:
    site.bench.grant()
    lookups = [site.get(PERSON).headers["Lookup-Id"] for _ in range(2)]
    rows = site.rows(
        "SELECT reason, verdict, channel, grant_id, grant_version, persons, fields, decided_at"
        " FROM outbound.disclosure ORDER BY entry_id"
    )
    assert sorted({row["reason"] for row in rows}) == sorted(f"lookup:{each}" for each in lookups)
    assert len(rows) == 4
    for row in rows:
        assert (row["verdict"], row["channel"]) == ("allowed", "lookup")
        assert (row["grant_id"], row["grant_version"]) == ("pensions-persons", 1)
        assert sorted(row["fields"]) == ["familyName", "givenName", "identifier"]
        assert row["decided_at"] == site.bench.clock.now
    assert {person for row in rows for person in row["persons"]} == {
        f"urn:az:pid:fin:{FIN}",
        "urn:az:pid:smx:00000001",
    }


def test_the_audit_has_who_asked_why_about_whom_as_a_hash_and_how_it_ended(
    site: LookupSite,
) -> None:
    site.get(PERSON)
    site.bench.grant()
    site.get(NONE)
    site.get(PERSON)
    rows = site.rows(
        "SELECT actor, reason, basis, outcome, detail FROM evidence.audit"
        " WHERE action = 'looked-up' ORDER BY entry_id"
    )
    assert [(row["outcome"], row["basis"], row["detail"]["records"]) for row in rows] == [
        ("no-basis", None, 0),
        ("nothing-found", None, 0),
        ("answered", "pensions-persons/1", 2),
    ]
    assert {row["actor"] for row in rows} == {f"subscriber:{BODY}"}
    assert {row["reason"] for row in rows} == {PURPOSE["Qovsaq-Purpose"]}
    asked = hashlib.sha256(f"urn:az:pid:fin:{FIN}".encode()).hexdigest()
    assert rows[0]["detail"]["sha256"] == asked


def test_a_refusal_is_logged_with_the_basis_that_is_missing(site: LookupSite) -> None:
    lookup_id = site.get(PERSON).headers["Lookup-Id"]
    (row,) = site.rows("SELECT * FROM outbound.disclosure")
    assert (row["record_id"].hex, row["verdict"]) == (lookup_id, "withheld")
    assert row["persons"] == row["fields"] == []
    assert row["missing"].startswith("a grant")


def test_what_cannot_be_logged_does_not_leave(site: LookupSite) -> None:
    site.bench.grant()
    with site.bench.database.transaction() as tx:
        tx.execute("ALTER TABLE outbound.disclosure RENAME TO gone")
    assert refusal(site.get(PERSON)) == (503, "unavailable")
    with site.bench.database.transaction() as tx:
        tx.execute("ALTER TABLE outbound.gone RENAME TO disclosure")
    assert len(site.found(PERSON)) == 2


def test_the_volume_of_a_grant_bounds_lookups_and_nothing_leaves_in_part(site: LookupSite) -> None:
    site.bench.grant(recordsPerDay=3)
    assert len(site.found(PERSON)) == 2
    refused = site.get(PERSON)
    assert refusal(refused) == (429, "limit-reached")
    assert int(refused.headers["Retry-After"]) > 3600
    assert len(site.found("/v1/persons/TST0002")) == 1
    assert refusal(site.get(NONE)) == (429, "limit-reached")
    site.bench.clock.advance(timedelta(days=1).total_seconds())
    assert len(site.found(PERSON)) == 2


def test_outside_the_hours_of_a_grant_nothing_is_told(site: LookupSite) -> None:
    hours = {"opens": "20:00", "closes": "21:00", "days": [1, 2, 3, 4, 5, 6, 7]}
    site.bench.grant(hours=hours)
    assert refusal(site.get(PERSON)) == (429, "limit-reached")
    (row,) = site.rows("SELECT verdict, reason FROM outbound.disclosure")
    assert (row["verdict"], row["reason"]) == ("held", "outside-hours")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/persons/TST00",
        "/v1/persons/TST0001%20",
        "/v1/persons/TST-001",
        "/v1/persons",
        "/v1/persons?document=AZE00000001",
        "/v1/persons?document=AZE:1&document=AZE:2",
        "/v1/persons/TST0001?records=secrets",
        "/v1/persons/TST0001?records=",
        "/v1/persons/TST0001?records=person,person",
        "/v1/persons/TST0001?other=1",
        "/v1/legal-entities/000000104",
        "/v1/legal-entities/00000010411",
    ],
)
def test_what_is_asked_wrongly_is_refused_without_quoting_it(site: LookupSite, path: str) -> None:
    site.bench.grant()
    answer = site.get(path)
    assert refusal(answer) == (400, "parameter")
    assert "TST" not in answer.text


@pytest.mark.parametrize("purpose", [None, "", "ab", "x" * 201, "şikayət".encode()])
def test_without_a_purpose_nobody_is_told_anything(site: LookupSite, purpose: Any) -> None:
    site.bench.grant()
    headers = site.token | ({"Qovsaq-Purpose": purpose} if purpose is not None else {})
    assert refusal(site.get(PERSON, headers)) == (400, "parameter")


def test_too_many_records_are_asked_for_in_parts(site: LookupSite) -> None:
    site.bench.grant()
    site.bench.grant(**PAPERS)

    many = [
        event(
            "identity_document", paper(f"AZE1{number:07}", FIN), ministry="interior",
            message_id=f"many-{number}",
        )
        for number in range(200)
    ]  # fmt: skip
    put(site.bench.database, *many)
    assert refusal(site.get(PERSON)) == (409, "too-many-records")
    assert len(site.found(f"{PERSON}?records=person")) == 2
