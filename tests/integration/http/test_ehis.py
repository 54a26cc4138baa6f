"""Messages that come over EHİS, in its envelope, and ministries that may come no other way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from connectors._ehis.envelope import Exchange, make_envelope
from routing import keys
from tests.support.ehis_gateway import taken_apart
from tests.support.http_site import OPEN, HttpSite, http_site
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database
XML, JSON = "application/xml", "application/json"
CONTRACT = sample("labour", "concluded.in.json")
GATEWAY = {**OPEN, "ehis": {"authentication": "none"}}
EXCHANGE = Exchange(
    correlation_id="c-2026-1",
    service_id="labour.contracts",
    sender="labour",
    receiver="qovsaq",
    content_type=JSON,
    payload=CONTRACT,
    message_id="m-1",
)


@pytest.fixture
def site(bench: Bench, database_url: str) -> Iterator[HttpSite]:
    with http_site(bench, database_url, senders=GATEWAY, ehis_only="labour") as opened:
        bench.crash()
        bench.start(ehis_only=frozenset({"labour"}))
        yield opened


def test_a_message_over_ehis_is_taken_and_every_record_knows_it(site: HttpSite) -> None:
    answer = site.post("/ehis", make_envelope(EXCHANGE), XML)
    assert (answer.status_code, answer.json()["messageId"]) == (202, "m-1")
    site.bench.work()
    (event,) = site.bench.canonical()
    assert (event.ministry, event.channel, event.correlationid) == ("labour", "ehis", "c-2026-1")
    (row,) = site.bench.rows("SELECT channel, headers FROM evidence.journal")
    assert row["channel"] == "ehis"
    assert row["headers"]["x-qovsaq-service"] == "labour.contracts"
    assert site.message("labour", "m-1")["records"][0]["state"] == "received"


def test_who_must_come_over_ehis_is_refused_at_its_own_address(site: HttpSite) -> None:
    for path in ("/intake/labour", "/intake/labour/documents"):
        answer = site.post(path, CONTRACT, JSON)
        assert (answer.status_code, answer.json()["rule"]) == (403, "channel-not-allowed")
    assert site.post("/intake/health", b"<a/>", "application/xml").status_code != 403


def test_who_must_come_over_ehis_is_refused_on_the_broker_with_a_notice(site: HttpSite) -> None:
    site.bench.send("labour", CONTRACT)
    site.bench.work()
    assert site.bench.states() == [("refused", "channel-not-allowed")]
    assert b"channel-not-allowed" in site.bench.taken(keys.notice_queue("labour"))[0].body


@pytest.mark.parametrize(
    ("changed", "status", "rule", "field"),
    [
        ({"sender": "nobody"}, 404, "unknown-ministry", "From"),
        ({"receiver": "somebody-else"}, 404, "unknown-ministry", "To"),
        ({"correlation_id": "two words"}, 422, "value", "CorrelationId"),
        ({"content_type": "text/csv"}, 415, "content-type", ""),
        ({"payload": b"{"}, 400, "json-syntax", ""),
        ({"message_id": "x" * 201}, 400, "message-id-format", ""),
    ],
)
def test_an_envelope_that_does_not_fit_is_refused_by_name(
    site: HttpSite, changed: dict[str, str], status: int, rule: str, field: str
) -> None:
    answer = site.post("/ehis", make_envelope(replace(EXCHANGE, **changed)), XML)  # type: ignore[arg-type]  # one field at a time
    problem = answer.json()
    assert (answer.status_code, problem["rule"], problem["field"]) == (status, rule, field)


IN_ITS_WORDS = {"headers": {"Accept": "text/html, application/xml;q=0.9"}}


def test_whoever_asks_in_the_exchange_s_words_is_answered_in_them(site: HttpSite) -> None:
    answer = site.post("/ehis", make_envelope(EXCHANGE), XML, **IN_ITS_WORDS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (202, XML)
    assert answered(answer) == {"CorrelationId": "c-2026-1", "MessageId": "m-1"}


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"sender": "nobody"}, 404, "UnknownBody"),
        ({"payload": b"{"}, 400, "Refused"),
    ],
)
def test_a_fault_says_what_is_wrong(
    site: HttpSite, changed: dict[str, str], status: int, code: str
) -> None:
    envelope = make_envelope(replace(EXCHANGE, **changed))  # type: ignore[arg-type]  # one field at a time
    answer, problem = (
        site.post("/ehis", envelope, XML, **IN_ITS_WORDS),
        site.post("/ehis", envelope, XML).json(),
    )
    said = {"Code": code, "Rule": problem["rule"], "Field": problem["field"]}
    said |= {"Explanation": problem["detail"]}
    assert (answer.status_code, answered(answer)) == (status, {k: v for k, v in said.items() if v})


def test_an_outage_of_the_hub_is_a_fault_that_asks_for_patience(site: HttpSite) -> None:
    site.publisher.close()
    answer = site.post("/ehis", make_envelope(EXCHANGE), XML, **IN_ITS_WORDS)
    assert (answer.status_code, answered(answer)) == (503, {"Code": "Later"})
    assert int(answer.headers["Retry-After"]) > 0


def answered(answer: requests.Response) -> dict[str, str]:
    return taken_apart(answer.content)


def test_the_contract_of_the_envelope_is_served(site: HttpSite) -> None:
    assert b"urn:synthetic:ehis:exchange:v1" in site.get("/contracts/ehis/exchange.v1.xsd").content


def test_where_the_gateway_is_not_let_in_nothing_comes_over_ehis(
    bench: Bench, database_url: str
) -> None:
    with http_site(bench, database_url) as closed:
        assert closed.post("/ehis", make_envelope(EXCHANGE), XML).status_code == 404
