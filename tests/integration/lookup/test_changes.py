"""The change feed over HTTP: by patterns, page by page, nothing left out, and on record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from hub.agency import systems
from hub.lookup import openapi
from hub.registry import feed
from hub.registry.writer import write
from tests.integration.agency.samples import golden_events
from tests.integration.agency.site import of_contract, of_person
from tests.integration.registry.writing import NOW
from tests.support.credentials import token
from tests.support.lookup_site import LookupSite, lookup_site
from tests.support.outbound_bench import OutboundBench, outbound_bench
from tests.support.servers import wait_until

pytestmark = pytest.mark.database

SYSTEMS = {"claims": {"subject": "claims-client"}, "never-added": {"subject": "other-client"}}


def commit(bench: OutboundBench, *events: Any) -> None:
    with bench.connect().transaction() as tx:
        write(tx, events, NOW)
        feed.append(tx, events, NOW)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[LookupSite]:
    with outbound_bench(database_url) as bench:
        with bench.database.transaction() as tx:
            patterns = ["c31.employment_contract.#"]
            systems.add(tx, bench.tokens["first"], "claims", patterns, "to handle claims", NOW)
        with lookup_site(bench, tmp_path, systems=SYSTEMS) as opened:
            yield opened


def get(site: LookupSite, query: str = "", subject: str = "claims-client") -> requests.Response:
    headers = token(site.key, site.bench.clock.now, sub=subject)
    return site.get(f"/v1/changes{query}", headers)


def page(site: LookupSite, query: str = "") -> dict[str, Any]:
    answer = get(site, query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def test_what_the_patterns_select_comes_in_order_page_by_page_and_once(site: LookupSite) -> None:
    contracts = [of_contract(number) for number in range(7)]
    for number, contract in enumerate(contracts):
        commit(site.bench, of_person(number), contract)
    ids, cursor = [], "0"
    while True:
        told = page(site, f"?after={cursor}&limit=2")
        ids += [change["event"]["id"] for change in told["changes"]]
        cursor = told["cursor"]
        if not told["more"]:
            break
    assert ids == [contract.id for contract in contracts]
    assert page(site, f"?after={cursor}") == {"changes": [], "cursor": cursor, "more": False}
    commit(site.bench, of_contract(8))
    (change,) = page(site, f"?after={cursor}")["changes"]
    assert change["event"]["id"] == of_contract(8).id


def test_a_page_may_be_empty_though_there_is_more_and_its_cursor_goes_on(
    site: LookupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.agency.feeding._MOST_LOOKED_AT", 5)
    commit(site.bench, *(of_person(number) for number in range(12)), of_contract(1))
    told = page(site, "?limit=5")
    assert (told["changes"], told["more"]) == ([], True)
    seen = []
    while told["more"]:
        told = page(site, f"?after={told['cursor']}&limit=5")
        seen += told["changes"]
    assert [change["event"]["id"] for change in seen] == [of_contract(1).id]


def test_a_page_with_something_in_it_is_on_record_before_it_leaves(site: LookupSite) -> None:
    page(site)
    commit(site.bench, of_person(1), of_contract(1))
    page(site)
    (act,) = site.rows("SELECT * FROM evidence.audit WHERE action = 'changes-read'")
    assert (act["actor"], act["reason"]) == ("system:claims", "to handle claims")
    assert act["detail"]["records"] == 1
    assert "TST" not in str(act)


def test_an_empty_page_waits_for_what_comes(site: LookupSite) -> None:
    told: list[dict[str, Any]] = []
    asking = threading.Thread(target=lambda: told.append(page(site, "?wait=30")))
    asking.start()
    idle = (
        "SELECT FROM pg_stat_activity WHERE application_name = 'lookup claims' AND state = 'idle'"
    )
    wait_until(lambda: bool(site.rows(idle)), 30, "the first look")
    commit(site.bench, of_contract(1))
    asking.join(60)
    assert [change["event"]["id"] for each in told for change in each["changes"]] == [
        of_contract(1).id
    ]


@pytest.mark.parametrize(
    ("query", "status", "rule"),
    [
        ("?after=x", 400, "parameter"),
        ("?after=-1", 400, "parameter"),
        ("?limit=0", 400, "parameter"),
        ("?limit=1001", 400, "parameter"),
        ("?wait=31", 400, "parameter"),
        ("?after=1&after=2", 400, "parameter"),
        ("?since=1", 400, "parameter"),
        ("?after=999999", 409, "cursor-unknown"),
    ],
)
def test_what_cannot_be_asked_is_a_problem(
    site: LookupSite, query: str, status: int, rule: str
) -> None:
    answer = get(site, query)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, rule)


def test_only_a_system_that_was_added_and_is_known_reads(site: LookupSite) -> None:
    assert get(site, subject="other-client").status_code == 403
    assert get(site, subject="pensions-client").status_code == 403
    assert site.get("/v1/changes", {}).status_code == 401
    headers = token(site.key, site.bench.clock.now, sub="claims-client")
    purpose = {"Qovsaq-Purpose": "claim 2026/118"}
    assert site.get("/v1/persons/TST0001", headers | purpose).status_code == 403


def test_a_page_of_every_kind_of_change_is_as_it_is_described(
    site: LookupSite,
) -> None:
    with site.bench.database.transaction() as tx:
        systems.add(tx, site.bench.tokens["first"], "never-added", ["#"], "a test", NOW)
    commit(site.bench, *golden_events())
    answer = get(site, "?limit=1000", "other-client").json()
    described = openapi.document()
    schema = described["paths"]["/v1/changes"]["get"]["responses"]["200"]["content"]
    whole = schema["application/json"]["schema"] | {"components": described["components"]}
    Draft202012Validator(whole).validate(answer)
    assert len(answer["changes"]) == len(list(golden_events()))


def test_every_address_is_described_and_no_other(site: LookupSite) -> None:
    described = site.get("/openapi.json", {}).json()["paths"]
    for path in described:
        given = path.format(fin="TST0001", voen="0000001041")
        assert site.get(given, {}).status_code == 401
    assert site.get("/v1/other", {}).status_code == 404
