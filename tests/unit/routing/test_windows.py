from __future__ import annotations

import pytest

from routing.message import Message
from routing.windows import MAX_BODY_BYTES, windows
from schemas.errors import Parked


def messages(*sizes: int) -> list[Message]:
    return [Message("", "q", bytes(size), str(n), "") for n, size in enumerate(sizes)]


def test_windows_hold_a_thousand_messages() -> None:
    sent = messages(*[1] * 2_001)
    cut = list(windows(sent))
    assert [len(window) for window in cut] == [1000, 1000, 1]
    assert [message for window in cut for message in window] == sent


def test_windows_are_bounded_in_bytes_but_never_empty() -> None:
    half = MAX_BODY_BYTES // 2
    assert [len(window) for window in windows(messages(half, half, half, MAX_BODY_BYTES))] == [
        2,
        1,
        1,
    ]


def test_no_messages_make_no_window() -> None:
    assert list(windows([])) == []


def test_a_body_no_broker_takes_is_for_a_person() -> None:
    with pytest.raises(Parked):
        list(windows(messages(1, MAX_BODY_BYTES + 1)))
