"""What an answer means, status by status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.delivery.answers import Delivered, Later, Never, judge, judge_fault, retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_delivered(status: int) -> None:
    assert judge(status, {}, NOW) == Delivered()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599, 101])
def test_passing_failures_come_again(status: int) -> None:
    assert judge(status, {}, NOW) == Later(f"the endpoint answered {status}")


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (410, "endpoint-gone"),
        (301, "endpoint-redirects"),
        (302, "endpoint-redirects"),
        (307, "endpoint-redirects"),
        (308, "endpoint-redirects"),
        (304, "endpoint-redirects"),
        (400, "endpoint-refuses"),
        (401, "endpoint-refuses"),
        (403, "endpoint-refuses"),
        (404, "endpoint-refuses"),
        (413, "endpoint-refuses"),
        (422, "endpoint-refuses"),
    ],
)
def test_the_rest_needs_a_person(status: int, cause: str) -> None:
    meaning = judge(status, {}, NOW)
    assert isinstance(meaning, Never)
    assert meaning.cause == cause


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 1),
        ("99999999999999999999", 3600),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 1),
        ("Sun, 01 Mar 2099 12:02:00 GMT", 3600),
        ("Sun, 01 Mar 2026 12:02:00 -0000", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured_within_bounds(text: str, seconds: int | None) -> None:
    wait = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after({"Retry-after": text}, NOW) == wait
    assert judge(503, {"Retry-After": text}, NOW) == Later("the endpoint answered 503", wait)


@pytest.mark.parametrize("code", ["Server", "Receiver", "Server.Busy"])
def test_faults_of_the_endpoint_come_again(code: str) -> None:
    assert isinstance(judge_fault(code), Later)


@pytest.mark.parametrize("code", ["Client", "Sender", "MustUnderstand", "VersionMismatch", ""])
def test_faults_that_blame_the_message_need_a_person(code: str) -> None:
    assert isinstance(judge_fault(code), Never)
