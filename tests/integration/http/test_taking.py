"""One message at the door: taken and confirmed, or refused with what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import repeat

import pytest

from routing import keys
from tests.support.http_site import HttpSite, http_site
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database
LIVE = keys.intake_queue("labour", "live")
BULK = keys.intake_queue("labour", "bulk")
JSON = "application/json"
CONTRACT = sample("labour", "concluded.in.json")
NO_DATE = CONTRACT.replace(b'"startsOn": "2026-03-09"', b'"startsOn": "soon"')


def test_a_message_is_answered_with_202_when_it_is_in_the_queue(site: HttpSite) -> None:
    answer = site.post("/intake/labour", CONTRACT, JSON, headers={"Message-Id": "m-1"})
    assert (answer.status_code, answer.json()["messageId"]) == (202, "m-1")
    (delivery,) = site.bench.taken(LIVE)
    assert (delivery.body, delivery.message_id, delivery.content_type) == (CONTRACT, "m-1", JSON)


def test_the_id_may_be_that_of_a_cloud_event(site: HttpSite) -> None:
    answer = site.post("/intake/labour", CONTRACT, JSON, headers={"ce-id": "event-7"})
    assert answer.json()["messageId"] == "event-7"


def test_without_an_id_the_message_is_named_by_its_content(site: HttpSite) -> None:
    answer = site.post("/intake/labour", CONTRACT, JSON)
    assert answer.json()["messageId"] == "sha256-" + hashlib.sha256(CONTRACT).hexdigest()


def test_the_sender_is_told_what_became_of_each_record(site: HttpSite) -> None:
    body = b'{"notices": [%b, %b]}' % (CONTRACT, NO_DATE)
    answer = site.post("/intake/labour", body, JSON, headers={"Message-Id": "m-1"})
    early = site.get(answer.headers["Location"])
    assert (early.status_code, early.json()["rule"]) == (404, "unknown-message")
    site.bench.work()
    told = site.get(answer.headers["Location"]).json()
    assert [(r["ordinal"], r["state"], r["rule"], r["field"]) for r in told["records"]] == [
        (0, "received", None, None),
        (1, "refused", "date-format", "notices[1].contract.startsOn"),
    ]
    assert answer.json()["refused"] == [
        {
            "ordinal": 1,
            "rule": "date-format",
            "field": "notices[1].contract.startsOn",
            "explanation": answer.json()["refused"][0]["explanation"],
        }
    ]


def test_the_same_message_twice_is_one(site: HttpSite) -> None:
    for _ in range(2):
        answer = site.post("/intake/labour", CONTRACT, JSON, headers={"Message-Id": "m-1"})
        assert answer.status_code == 202
        site.bench.work()
    told = site.message("labour", "m-1")
    assert (told["arrivals"], len(told["records"]), told["reused"]) == (2, 1, [])


def test_another_body_under_the_same_id_is_told_of_beside_the_first(site: HttpSite) -> None:
    other = CONTRACT.replace(b"1250.5", b"1300")
    for body in (CONTRACT, other):
        site.post("/intake/labour", body, JSON, headers={"Message-Id": "m-1"})
        site.bench.work()
    (reused,) = site.message("labour", "m-1")["reused"]
    assert [record["rule"] for record in reused["records"]] == ["message-id-reused"]


def test_a_message_of_which_nothing_is_acceptable_is_not_taken(site: HttpSite) -> None:
    answer = site.post("/intake/labour", NO_DATE, JSON, headers={"Message-Id": "m-1"})
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["rule"]) == (422, "date-format")
    assert problem["field"] == "contract.startsOn"
    assert "soon" not in answer.text
    assert site.bench.taken(LIVE) == []


def test_after_a_refusal_the_mended_message_may_have_the_same_id(site: HttpSite) -> None:
    for body in (NO_DATE, CONTRACT):
        answer = site.post("/intake/labour", body, JSON, headers={"Message-Id": "m-1"})
    site.bench.work()
    assert answer.status_code == 202
    assert [r["state"] for r in site.message("labour", "m-1")["records"]] == ["received"]


@pytest.mark.parametrize(
    "given", [{"params": {"lane": "bulk"}}, {"headers": {"Qovsaq-Lane": "bulk"}}]
)
def test_the_lane_is_a_parameter_or_a_header(site: HttpSite, given: dict[str, object]) -> None:
    site.post("/intake/labour", CONTRACT, JSON, **given)
    assert len(site.bench.taken(BULK)) == 1


@pytest.mark.parametrize(
    ("path", "body", "content_type", "headers", "status", "rule"),
    [
        ("/intake/labour?lane=fast", CONTRACT, JSON, {}, 400, "unroutable-key"),
        ("/intake/labour", CONTRACT, JSON, {"Message-Id": "two words"}, 400, "message-id-format"),
        ("/intake/labour", CONTRACT, "text/csv", {}, 415, "content-type"),
        ("/intake/labour", b"{", JSON, {}, 400, "json-syntax"),
        ("/intake/nobody", CONTRACT, JSON, {}, 404, "unknown-ministry"),
        ("/intake/health", sample("health", "hostile/billion-laughs.xml"), "text/xml", {}, 400,
         "xml-doctype"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_by_name(
    site: HttpSite,
    path: str,
    body: bytes,
    content_type: str,
    headers: dict[str, str],
    status: int,
    rule: str,
) -> None:
    answer = site.post(path, body, content_type, headers=headers)
    assert (answer.status_code, answer.json()["rule"]) == (status, rule)
    assert answer.json()["title"]


@pytest.fixture
def small(bench: Bench, database_url: str) -> Iterator[HttpSite]:
    with http_site(bench, database_url, limits={"max_bytes": 2048}) as opened:
        yield opened


def test_a_body_over_the_cap_is_refused_while_it_still_comes_in(small: HttpSite) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        for piece in repeat(b" " * 1024, 100_000):
            sent.append(piece)
            yield piece

    try:
        answer = small.post("/intake/labour", endless(), JSON)
    except OSError:
        pass  # the door was shut while we were still talking
    else:
        assert answer.status_code == 413
    assert len(sent) < 100_000


def test_a_body_announced_over_the_cap_is_refused_with_the_way_out(small: HttpSite) -> None:
    answer = small.post("/intake/labour", b" " * 4096, JSON)
    assert (answer.status_code, answer.json()["rule"]) == (413, "too-large")
    assert "documents" in answer.json()["detail"]


def test_while_the_broker_is_away_the_sender_is_asked_to_come_again(site: HttpSite) -> None:
    site.publisher.close()
    answer = site.post("/intake/labour", CONTRACT, JSON)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_whoever_asks_too_often_is_told_how_long_to_wait(bench: Bench, database_url: str) -> None:
    labour = {"authentication": "none", "requests_per_minute": 1, "burst": 2}
    with http_site(bench, database_url, senders={"labour": labour}) as site:
        answers = [site.post("/intake/labour", CONTRACT, JSON) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


def test_contracts_are_open_to_everybody_and_nothing_else_is_served(site: HttpSite) -> None:
    described = site.get("/intake/labour").json()
    (schema,) = (url for url in described["contracts"] if url.endswith(".json"))
    assert site.get(schema.removeprefix(site.url)).json()["$schema"]
    for path in ("/contracts/labour/../connector.py", "/contracts/labour/%2e%2e/connector.py"):
        assert site.get(path).status_code == 404
