"""What an endpoint's answer means for a delivery: the one table of it.

=====================================  =====================================================
2xx                                    delivered
408, 425, 429, 5xx                     later; ``Retry-After`` is honoured within bounds
410                                    the endpoint is gone: for a person, and no more to it
3xx and every other 4xx                for a person: a redirect is never followed
SOAP fault ``Server``, ``Receiver``    later
any other SOAP fault                   for a person
no status in time                      an outage of the endpoint (``Unavailable``)
=====================================  =====================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_LATER = frozenset({408, 425, 429})
_SUCCESS, _REDIRECT, _OUR_FAULT, _THEIR_FAULT = 200, 300, 400, 500
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint has it."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; ``wait`` is how long the endpoint asked for, if it did."""

    explanation: str
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """Not without a person; ``cause`` is a stable name for grouping."""

    cause: str
    explanation: str


Meaning = Delivered | Later | Never


def judge(status: int, headers: Mapping[str, str], now: datetime) -> Meaning:
    """Tell what a status means; ``now`` (aware) is for a ``Retry-After`` that names a date."""
    if _SUCCESS <= status < _REDIRECT:
        return Delivered()
    explanation = f"the endpoint answered {status}"
    if status in _LATER or status >= _THEIR_FAULT or status < _SUCCESS:
        return Later(explanation, retry_after(headers, now))
    if status == HTTPStatus.GONE:
        return Never("endpoint-gone", explanation)
    if status < _OUR_FAULT:
        return Never("endpoint-redirects", explanation)
    return Never("endpoint-refuses", explanation)


def judge_fault(code: str) -> Meaning:
    """Tell what a SOAP fault means by its code's local name (1.1 or 1.2)."""
    if code.partition(".")[0] in ("Server", "Receiver"):
        return Later("the endpoint answered with a fault of its own")
    return Never("endpoint-refuses", "the endpoint answered with a fault that blames the message")


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read ``Retry-After`` (seconds or a date), never less than 1 s nor more than an hour."""
    text = next((v for name, v in headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdecimal():
        wait = timedelta(seconds=min(int(text[:10]), int(LONGEST.total_seconds())))
    else:
        try:
            wait = parsedate_to_datetime(text) - now
        except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
            return None
    return min(max(wait, SHORTEST), LONGEST)
