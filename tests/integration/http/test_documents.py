"""Documents over the cap at the door: split, sent in parts, each record accounted for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from routing import keys
from routing.message import CHUNK, CHUNKS, DOCUMENT, DOCUMENT_SHA256, SENDER, Message
from schemas.errors import Unavailable
from tests.support.http_site import HttpSite
from tests.support.intake_bench import sample

pytestmark = pytest.mark.database
NDJSON, XML = "application/x-ndjson", "application/xml"
BULK = keys.intake_queue("labour", "bulk")
CONTRACT = json.loads(sample("labour", "concluded.in.json"))
BAD = b'{"noticeId": '


def notices(count: int) -> Iterator[bytes]:
    for number in range(count):
        contract = CONTRACT["contract"] | {"contractNumber": f"EM-2026-{number:06}"}
        yield json.dumps(CONTRACT | {"contract": contract}).encode() + b"\n"


def test_a_document_arrives_in_parts_that_say_where_they_belong(site: HttpSite) -> None:
    headers = {"Message-Id": "d-1"}
    answer = site.post("/intake/labour/documents", notices(1200), NDJSON, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["records"], told["chunks"]) == (202, 1200, told["published"])
    parts = site.bench.taken(BULK)
    assert [part.message_id for part in parts] == [f"d-1/{n + 1}" for n in range(told["chunks"])]
    assert {part.headers[DOCUMENT] for part in parts} == {"d-1"}
    assert {part.headers[DOCUMENT_SHA256] for part in parts} == {told["sha256"]}
    assert [part.headers[CHUNK] for part in parts] == list(range(1, len(parts) + 1))
    assert {part.headers[CHUNKS] for part in parts} == {told["chunks"]}
    assert {part.headers[SENDER] for part in parts} == {"labour"}
    assert sum(len(json.loads(part.body)["notices"]) for part in parts) == 1200


def test_one_bad_record_is_refused_alone_and_all_are_accounted_for(site: HttpSite) -> None:
    lines = [*notices(3), BAD + b"\n", *notices(0), b'{"noticeId": "x"}\n']
    site.post("/intake/labour/documents", iter(lines), NDJSON, headers={"Message-Id": "d-1"})
    site.bench.work()
    told = site.get("/intake/labour/documents/d-1").json()
    assert told["outcomes"] == {"received": 3, "refused": 2}
    assert [r["rule"] for r in site.message("labour", "d-1/2")["records"]] == ["json-syntax"]


def test_the_same_document_again_sends_nothing(site: HttpSite) -> None:
    first, again = (
        site.post("/intake/labour/documents", notices(5), NDJSON, headers={"Message-Id": "d-1"})
        for _ in range(2)
    )
    assert first.json() == again.json()
    assert len(site.bench.taken(BULK)) == 1


def test_another_document_under_the_same_id_is_a_conflict(site: HttpSite) -> None:
    for count in (5, 6):
        answer = site.post(
            "/intake/labour/documents", notices(count), NDJSON, headers={"Message-Id": "d-1"}
        )
    assert (answer.status_code, answer.json()["rule"]) == (409, "message-id-reused")


def test_what_was_interrupted_goes_on_where_it_stopped(
    site: HttpSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = site.publisher.publish
    sent: list[str | None] = []

    def fail_in_the_middle(messages: list[Message]) -> None:
        if sent and not monkeypatch_is_over:
            raise Unavailable("the broker went away")
        publish(messages)
        sent.extend(message.message_id for message in messages)

    monkeypatch_is_over = False
    monkeypatch.setattr(site.publisher, "publish", fail_in_the_middle)
    headers = {"Message-Id": "d-1"}
    broken = site.post("/intake/labour/documents", notices(4500), NDJSON, headers=headers)
    assert (broken.status_code, len(sent)) == (503, 16)
    half = site.get("/intake/labour/documents/d-1").json()
    assert (half["published"], half["completedAt"]) == (16, None)
    monkeypatch_is_over = True
    whole = site.post("/intake/labour/documents", notices(4500), NDJSON, headers=headers).json()
    assert whole["completedAt"]
    assert sent == [f"d-1/{n}" for n in range(1, whole["chunks"] + 1)]


def test_a_document_that_is_broken_at_its_end_is_refused_before_it_begins(site: HttpSite) -> None:
    body = sample("health", "every-action.in.xml").replace(b"</VitalEvents>", b"</VitalEvent>")
    answer = site.post("/intake/health/documents", body, XML)
    assert (answer.status_code, answer.json()["rule"]) == (400, "xml-syntax")
    assert site.bench.taken(keys.intake_queue("health", "bulk")) == []


@pytest.mark.parametrize(
    ("ministry", "content_type"), [("labour", "application/json"), ("justice", "text/xml")]
)
def test_what_is_never_split_is_refused_by_its_content_type(
    site: HttpSite, ministry: str, content_type: str
) -> None:
    answer = site.post(f"/intake/{ministry}/documents", b"{}", content_type)
    assert (answer.status_code, answer.json()["rule"]) == (415, "content-type")


def test_a_document_nobody_sent_is_unknown(site: HttpSite) -> None:
    assert site.get("/intake/labour/documents/d-9").status_code == 404
