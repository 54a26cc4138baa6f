"""Fetch what a ministry serves: only from the configured address, bounded in size and time."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from schemas.errors import Unavailable

_CHUNK = 64 * 1024
_HEADERS = {"Accept-Encoding": "identity"}
_DESCRIPTION = re.compile(r"(?i)(single)?wsdl(=\w{1,20})?|xsd(=[\w./-]{1,60})?")


def fetch(
    url: str, *, timeout: float, most: int, now: Callable[[], float] = time.monotonic
) -> bytes:
    """Fetch a document of at most ``most`` bytes within ``timeout`` seconds.

    Follows no redirects and asks no proxy. Raises ``Unavailable`` for anything but a whole,
    uncompressed answer with status 200.
    """
    deadline = now() + timeout
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(
                url, headers=_HEADERS, timeout=timeout, stream=True, allow_redirects=False
            ) as answer:
                _check(answer)
                return _read(answer, most, lambda: now() > deadline)
    except (RequestException, HTTPError, OSError) as error:
        raise Unavailable(f"contract service: {type(error).__name__}") from None


def address(url: str) -> str:
    """Name an address without what may be secret: user, password, and any unusual query."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if not parts.query:
        return place
    if _DESCRIPTION.fullmatch(parts.query):
        return f"{place}?{parts.query}"
    return f"{place}?{hashlib.sha256(parts.query.encode()).hexdigest()[:12]}"


def _check(answer: requests.Response) -> None:
    if answer.status_code != HTTPStatus.OK:
        raise Unavailable(f"contract service: status {answer.status_code}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable("contract service: a compressed answer, which was not asked for")


def _read(answer: requests.Response, most: int, late: Callable[[], bool]) -> bytes:
    """Read what there is, piece by piece: a dripping service must not hold the line."""
    body = bytearray()
    while piece := answer.raw.read1(_CHUNK):
        body += piece
        if len(body) > most:
            raise Unavailable(f"contract service: more than {most} bytes")
        if late():
            raise Unavailable("contract service: too slow")
    return bytes(body)
