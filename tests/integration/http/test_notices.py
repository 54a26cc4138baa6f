"""A ministry reads its notices over HTTP and says that it has seen them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.http_site import HttpSite
from tests.support.intake_bench import sample

pytestmark = pytest.mark.database

JSON = "application/json"
CONTRACT = sample("labour", "concluded.in.json")
NO_DATE = CONTRACT.replace(b'"startsOn": "2026-03-09"', b'"startsOn": "soon"')
PATH = "/intake/labour/notices"


@pytest.fixture
def told(site: HttpSite) -> HttpSite:
    """A site whose Ministry of Labour was told of two refusals."""
    for number in (1, 2):
        site.bench.send("labour", NO_DATE, f"m-{number}")
    site.bench.work()
    return site


def acknowledge(site: HttpSite, wish: Any, ministry: str = "labour") -> requests.Response:
    path = f"/intake/{ministry}/notices/acknowledged"
    return requests.post(site.url + path, json=wish, timeout=10)


def test_a_ministry_sees_its_notices_by_rule_and_acknowledges_them(told: HttpSite) -> None:
    found = told.get(PATH).json()
    assert found["groups"] == [
        {"rule": "date-format", "kind": "refusal", "stand": "open", "notices": 2, "records": 2}
    ]
    first, _ = found["notices"]
    assert (first["rule"], first["stand"], found["next"]) == ("date-format", "open", None)
    assert acknowledge(told, {"notices": [first["noticeId"]]}).json() == {"acknowledged": 1}
    assert acknowledge(told, {"rule": "date-format"}).json() == {"acknowledged": 1}
    assert acknowledge(told, {"rule": "date-format"}).json() == {"acknowledged": 0}
    assert {n["acknowledgedBy"] for n in told.get(PATH).json()["notices"]} == {"sender:labour"}
    acts = told.bench.rows("SELECT actor, action, object FROM evidence.audit ORDER BY entry_id")
    assert [(act["actor"], act["action"]) for act in acts] == [
        ("sender:labour", "acknowledged")
    ] * 3


def test_pages_and_filters(told: HttpSite) -> None:
    (one,) = told.get(PATH, params={"message": "m-1"}).json()["notices"]
    assert told.get(PATH, params={"stand": "acknowledged"}).json()["notices"] == []
    behind = told.get(PATH, params={"after": one["noticeId"]}).json()["notices"]
    assert one not in behind
    for asked in ({"stand": "gone"}, {"after": "1"}, {"rule": "a\0"}, {"message": "\0"}):
        answer = told.get(PATH, params=asked)
        assert (answer.status_code, answer.json()["rule"]) == (400, "query")


def test_nobody_acknowledges_what_others_were_told(told: HttpSite) -> None:
    (first, _) = told.get(PATH).json()["notices"]
    answer = acknowledge(told, {"notices": [first["noticeId"]]}, "health")
    assert answer.json() == {"acknowledged": 0}
    assert told.get("/intake/health/notices").json()["notices"] == []
    assert told.get("/intake/nobody/notices").status_code == 404


@pytest.mark.parametrize(
    "wish",
    [{}, [], {"notices": []}, {"notices": ["x"]}, {"notices": [1]}, {"rule": 1}, {"rule": "a\0"},
     {"rule": "a", "notices": []}],
)  # fmt: skip
def test_a_wish_that_is_not_clear_is_refused(told: HttpSite, wish: Any) -> None:
    answer = acknowledge(told, wish)
    assert (answer.status_code, answer.json()["rule"]) == (400, "query")


def test_a_correction_says_what_it_corrects(told: HttpSite) -> None:
    headers = {"Message-Id": "m-3", "Qovsaq-Corrects": "m-1"}
    assert told.post("/intake/labour", CONTRACT, JSON, headers=headers).status_code == 202
    told.bench.work()
    (one,) = told.get(PATH, params={"message": "m-1"}).json()["notices"]
    assert (one["stand"], one["correctedBy"]) == ("corrected", "m-3")
