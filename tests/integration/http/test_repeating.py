"""The door dies between the broker's confirm and its answer: the sender repeats, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import requests

from routing.message import Message
from tests.support.http_site import HttpSite
from tests.support.intake_bench import sample

pytestmark = pytest.mark.database
CONTRACT = sample("labour", "concluded.in.json")
JSON = "application/json"


class Lost(BaseException):
    """What came after the confirm never happened."""


def send(site: HttpSite) -> int:
    """Send the message; 0 where no answer came."""
    try:
        headers = {"Message-Id": "m-1"}
        return site.post("/intake/labour", CONTRACT, JSON, headers=headers).status_code
    except requests.ConnectionError:
        return 0


def test_a_message_that_was_confirmed_but_not_answered_for_may_be_sent_again(
    site: HttpSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = site.publisher.publish

    def confirmed_and_lost(messages: Sequence[Message]) -> None:
        publish(messages)
        raise Lost

    with monkeypatch.context() as dying:
        dying.setattr(site.publisher, "publish", confirmed_and_lost)
        assert send(site) in (0, 500, 503)
    assert send(site) == 202
    site.bench.work()
    told = site.message("labour", "m-1")
    assert (told["arrivals"], len(told["records"]), told["reused"]) == (2, 1, [])
    assert len(site.bench.canonical()) == 1
