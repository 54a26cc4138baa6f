"""Polling a ministry's SOAP service with zeep: one page of documents after a cursor.

The WSDL comes from the connector's own folder, and nothing but the service's address is ever
called: no imports, no redirects, no proxies from the environment. Texts of zeep's errors and
logs may quote the answer, which is personal data, so neither is passed on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import tenacity
import zeep
from requests.exceptions import RequestException
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault, TransportError
from zeep.transports import Transport
from zeep.wsdl import Document

from connectors._kit.contract import Connector, Poll
from schemas.errors import Stop, Unavailable

_ATTEMPTS = 3
_WAIT = tenacity.wait_exponential(multiplier=0.2, max=2.0) + tenacity.wait_random(0, 0.2)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_SOAP_STATUSES = frozenset({HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR})
_MAX_ANSWER = 64 * 1024 * 1024
_CHUNK = 64 * 1024
# What zeep trips over when an answer is well-formed but not what it expects.
_TRIPPED = (AttributeError, LookupError, TypeError, ValueError)
SETTINGS = zeep.Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True)

# zeep logs what it sends, receives and cannot read: personal data, so its log ends here.
_log = logging.getLogger("zeep")
_log.addHandler(logging.NullHandler())
_log.propagate = False


@dataclass(frozen=True, slots=True)
class Polled:
    """One document the service handed out, at its place in the service's order."""

    sequence: int
    message_id: str
    document: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Documents in rising sequence, all after the cursor; ``more`` if others wait behind them."""

    items: tuple[Polled, ...]
    more: bool


def fetch(
    connector: Connector,
    poll: Poll,
    url: str,
    *,
    after: int,
    limit: int,
    timeout: float,
    pause: Callable[[float], None] = time.sleep,
) -> Page:
    """Ask the service at ``url`` for at most ``limit`` documents after the cursor ``after``.

    ``timeout`` is in seconds for each wait on the connection. Passing faults are tried again
    twice; then, and for an answer that breaks the contract, raises ``Unavailable``.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_passing),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=_WAIT,
        sleep=pause,
        reraise=True,
    )
    wsdl = load_wsdl(connector.folder / "contract" / poll.wsdl)
    try:
        with requests.Session() as session:
            session.trust_env = False
            client = zeep.Client(wsdl, transport=_Line(session, timeout), settings=SETTINGS)
            service = client.create_service(next(iter(wsdl.bindings)), url)
            answer = retrying(service[poll.operation], after=after, limit=limit)
        items = tuple(_items(answer, after, limit))
        return Page(items, _more(answer, items))
    except (RequestException, ZeepError, _BrokenAnswer, *_TRIPPED) as error:
        raise Unavailable(f"service of {connector.name}: {_describe(error)}") from None


class _BrokenAnswer(Exception):
    """The service answered, but not what its contract says."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """As much of an HTTP response as zeep reads."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str | None


class _Line(Transport):  # type: ignore[misc]  # zeep ships no types
    """Reads local files and posts to the service, taking in answers of a bounded size."""

    def __init__(self, session: requests.Session, timeout: float) -> None:
        super().__init__(session=session, operation_timeout=timeout)

    def load(self, url: str) -> bytes:
        """Bytes of a local file."""
        return Path(url).read_bytes()

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> _Answer:
        """The service's answer to one SOAP message."""
        with self.session.post(
            address,
            data=message,
            headers=headers,
            timeout=self.operation_timeout,
            stream=True,
            allow_redirects=False,
        ) as response:
            if response.status_code not in _SOAP_STATUSES:
                raise TransportError(status_code=response.status_code)
            content = bytearray()
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > _MAX_ANSWER:
                    raise _BrokenAnswer(f"more than {_MAX_ANSWER} bytes")
            return _Answer(
                response.status_code, response.headers, bytes(content), response.encoding
            )


@lru_cache(maxsize=32)
def load_wsdl(path: Path) -> Document:
    """A service description, parsed once: that takes about 90 ms."""
    if not path.is_file():
        raise Stop(f"no service description {path.name} in the contract")
    with requests.Session() as session:
        return Document(str(path), _Line(session, timeout=1.0), settings=SETTINGS)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, TransportError):
        return error.status_code in _PASSING
    if isinstance(error, Fault):
        return str(error.code).rpartition(":")[2] in ("Server", "Receiver")
    return isinstance(error, requests.ConnectionError | requests.Timeout)


def _describe(error: Exception) -> str:
    """What went wrong, without a word of what was answered."""
    if isinstance(error, _BrokenAnswer):
        return f"the answer breaks the contract: {error}"
    if isinstance(error, TransportError) and error.status_code not in (0, HTTPStatus.OK):
        return f"answered HTTP status {error.status_code}"
    if isinstance(error, Fault):
        return "answered with a SOAP fault"
    if isinstance(error, RequestException):
        return f"does not answer ({type(error).__name__})"
    return f"the answer breaks the contract ({type(error).__name__})"


def _items(answer: Any, after: int, limit: int) -> Iterator[Polled]:
    found = getattr(answer, "item", None) or []
    if len(found) > limit:
        raise _BrokenAnswer("more documents than were asked for")
    for item in found:
        if not isinstance(item.sequence, int) or item.sequence <= after:
            raise _BrokenAnswer("sequence does not rise")
        if not item.messageId or not item.document:
            raise _BrokenAnswer("a document or its message id is missing")
        after = item.sequence
        yield Polled(item.sequence, item.messageId, item.document)


def _more(answer: Any, items: tuple[Polled, ...]) -> bool:
    more = getattr(answer, "more", None)
    if not isinstance(more, bool) or (more and not items):
        raise _BrokenAnswer("it promises more but brings nothing" if more else "more is missing")
    return more
