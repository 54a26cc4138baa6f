from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.simulator.account import Account
from hub.simulator.publish import Window, publish
from hub.simulator.stream import Stream, stream
from routing.bus import NotConfirmed
from routing.message import PUBLISHED_AT, Message
from schemas.errors import Unavailable

NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)


class ScriptedPublisher:
    """Fails as its script says, then confirms; remembers every call."""

    def __init__(self, *failures: Exception) -> None:
        self.calls: list[list[Message]] = []
        self._failures = list(failures)

    def publish(self, messages: Sequence[Message]) -> None:
        self.calls.append(list(messages))
        if self._failures:
            raise self._failures.pop(0)

    def close(self) -> None:
        """Nothing to release."""


def some(records: int) -> Stream:
    return stream(records, 1, 0.1, (), datetime(2026, 3, 1, tzinfo=UTC))


def run(
    publisher: ScriptedPublisher, account: Account, window: Window, records: int
) -> tuple[list[int], list[float]]:
    progress: list[int] = []
    waits: list[float] = []
    publish(
        some(records),
        publisher,
        account,
        progress.append,
        window=window,
        now=lambda: NOW,
        wait=waits.append,
    )
    return progress, waits


def test_messages_go_out_in_windows_and_progress_is_told(tmp_path: Path) -> None:
    publisher = ScriptedPublisher()
    with Account(tmp_path) as account:
        progress, waits = run(publisher, account, Window(messages=40), 100)
    assert progress == [40, 40, 20]
    assert [len(call) for call in publisher.calls] == [40, 40, 20]
    assert waits == []
    assert account.summary()["messages"] == 100


def test_a_window_is_also_bounded_in_bytes(tmp_path: Path) -> None:
    publisher = ScriptedPublisher()
    with Account(tmp_path) as account:
        progress, _ = run(publisher, account, Window(bytes=1), 10)
    assert progress == [1] * 10


@pytest.mark.parametrize("failure", [NotConfirmed("nack"), Unavailable("lost")])
def test_an_unconfirmed_window_goes_out_again_and_counts_once(
    tmp_path: Path, failure: Exception
) -> None:
    publisher = ScriptedPublisher(failure, failure)
    with Account(tmp_path) as account:
        progress, waits = run(publisher, account, Window(pause=2.5), 50)
    assert progress == [50]
    assert waits == [2.5, 2.5]
    assert [message.body for message in publisher.calls[0]] == [
        message.body for message in publisher.calls[2]
    ]
    assert account.summary()["messages"] == 50


def test_what_was_never_confirmed_does_not_count_as_sent(tmp_path: Path) -> None:
    publisher = ScriptedPublisher(*[Unavailable("lost")] * 3)
    with Account(tmp_path) as account, pytest.raises(Unavailable):
        run(publisher, account, Window(attempts=3), 50)
    assert account.summary()["messages"] == 0
    assert len(publisher.calls) == 3


def test_messages_say_when_they_were_published(tmp_path: Path) -> None:
    publisher = ScriptedPublisher()
    with Account(tmp_path) as account:
        run(publisher, account, Window(), 5)
    for message in publisher.calls[0]:
        stated = str(message.headers[PUBLISHED_AT])
        assert stated == "2026-03-02T09:00:00.123456+00:00"
        assert datetime.fromisoformat(stated).utcoffset() == timedelta(0)
        assert message.timestamp == NOW
