"""The addresses of the door, and what stands before each: who knocks, how often, how much.

======================================  ====================================================
``POST /intake/<ministry>``             one message
``POST /intake/<ministry>/documents``   a document of any size, split into messages
``POST /token``                         an access token for a client's secret
``POST /ehis``                          one message of any ministry, in the envelope of EHİS
``GET /intake/<ministry>?wsdl``         the service description, where the ministry speaks SOAP
``GET /intake/<ministry>/messages/…``   what became of a message
``GET /intake/<ministry>/notices``      what the ministry was told, by rule; latest first
``POST /intake/<ministry>/notices/acknowledged``  that it has seen it
``GET /intake/<ministry>/documents/…``  how far a document is, and what became of its records
``GET /contracts/…``                    the contracts' files; open to everybody
``GET /openapi.json``                   the description of all these; open to everybody
======================================  ====================================================
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._kit.content import check_content_type
from connectors._kit.contract import Connector
from connectors._kit.split import splittable
from hub.documents import checkpoint
from hub.documents.document import Document, Manifest
from hub.documents.loader import Loader
from hub.evidence.custody import BAKU
from hub.http import answers, body, ehis, notices, openapi, served, status
from hub.http.callers import Caller, Sender
from hub.http.door import Door, Letter, Taken
from hub.http.signatures import JWS_HEADER
from hub.http.tokens import TokenOffice
from hub.intake.reading import is_manifest
from hub.listeners import HttpSettings
from hub.store.database import Database
from hub.tracing.carried import carried
from routing import keys
from routing.message import TRACEPARENT
from routing.observer import Observer
from schemas.envelope import Channel
from schemas.errors import HubError, Refused, RetryLater, Unavailable
from schemas.manifest import CONTENT_TYPE as MANIFEST

_log = structlog.get_logger()
_EHIS = "/ehis"


@dataclass(frozen=True)
class Reception:
    """Everything the addresses need. ``gateway`` is that of EHİS, if it may come."""

    senders: Mapping[str, Sender]
    connectors: Mapping[str, Connector]
    door: Door
    loader: Loader
    database: Database
    observer: Observer
    clock: Callable[[], datetime]
    gateway: Caller | None = None
    tokens: TokenOffice | None = None
    http: HttpSettings = field(default_factory=HttpSettings)
    monotonic: Callable[[], float] = time.monotonic
    _loading: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> Starlette:
        """Lay out the addresses."""
        contracts = served.Contracts(self.connectors, self.http.public_url)
        intake = "/intake/{ministry}"
        described = answers.as_json(openapi.document(self.connectors, tokens=bool(self.tokens)))
        tokens = [Route("/token", self.tokens.give, methods=["POST"])] if self.tokens else []
        return Starlette(
            routes=[
                Route(intake, self._at_intake(contracts), methods=["GET", "POST"]),
                *tokens,
                Route(_EHIS, self.take_from_ehis, methods=["POST"]),
                Route(f"{intake}/documents", self.take_document, methods=["POST"]),
                Route(f"{intake}/documents/{{id:path}}", self.tell_of_document, methods=["GET"]),
                Route(f"{intake}/messages/{{id:path}}", self.tell_of_message, methods=["GET"]),
                Route(f"{intake}/notices", self.tell_notices, methods=["GET"]),
                Route(f"{intake}/notices/acknowledged", self.take_notice, methods=["POST"]),
                Route("/contracts/{ministry}/{file:path}", contracts.file, methods=["GET"]),
                Route("/openapi.json", served.always(described), methods=["GET"]),
            ],
            exception_handlers={
                HubError: self._refuse,
                HTTPException: answers.elsewhere,
                Exception: _defect,
            },
        )

    def _at_intake(self, contracts: served.Contracts) -> served.Endpoint:
        """One address, so that it says of itself what may be done there."""

        async def either(request: Request) -> Response:
            taken = request.method == "POST"
            return await (self.take if taken else contracts.describe)(request)

        return either

    async def take(self, request: Request) -> Response:
        """Take one message."""
        sender, who = self._admitted(request)
        content_type = request.headers.get("content-type", "")
        check_content_type(content_type, (*sender.connector.content_types, MANIFEST))
        letter = Letter(
            connector=sender.connector,
            lane=_lane(request, "live"),
            message_id=_message_id(request),
            content_type=content_type,
            body=await self._body(request),
            sender=who,
            jws=request.headers.get(JWS_HEADER, ""),
            corrects=request.headers.get("qovsaq-corrects", ""),
            test_mode=request.headers.get("qovsaq-test-mode", ""),
            traceparent=_traceparent(request),
        )
        return await self._taken(letter, _soap(sender.connector, request))

    async def take_from_ehis(self, request: Request) -> Response:
        """Take one message that a ministry sent over EHİS."""
        if self.gateway is None:
            raise Refused("unknown-ministry", "", "nothing is taken over EHİS here")
        who = self.gateway.admitted(request, self.monotonic())
        letter = ehis.letter_of(
            await self._body(request),
            request.headers.get("content-type", ""),
            self.connectors,
            self.door.rules.limits,
            self.clock(),
            lane=_lane(request, "live"),
            sender=who,
            jws=request.headers.get(JWS_HEADER, ""),
        )
        letter = replace(letter, traceparent=_traceparent(request))
        if not ehis.speaks(request.headers):
            return await self._taken(letter, None)
        return ehis.acknowledged(await self._handed_in(letter), letter)

    async def take_document(self, request: Request) -> Response:
        """Take a document of any size; answered when the broker has the last part of it."""
        sender, who = self._admitted(request)
        connector = sender.connector
        if connector.name in self.door.verifiers:
            explanation = "a document in parts cannot be signed; send signed messages"
            raise Refused("signature-invalid", "", explanation)
        self.door.check_channel(connector.name, Channel.DIRECT)
        await run_in_threadpool(self.door.check_pause, connector.name)
        content_type, lane = request.headers.get("content-type", ""), _lane(request, "bulk")
        check_content_type(content_type, splittable(connector))
        with tempfile.TemporaryDirectory(prefix="qovsaq-", dir=self.http.spool) as folder:
            file = Path(folder) / "document"
            most, seconds = self.http.most_document_bytes, self.http.body_seconds
            await body.spool(request, file, most, seconds)
            document = Document(file, connector.name, content_type, lane, _message_id(request), who)
            manifest = await run_in_threadpool(self._load, document, connector)
        self.observer.count("http_documents", ministry=connector.name)
        return answers.as_json(
            manifest.described(),
            202,
            {"Location": f"/intake/{connector.name}/documents/{manifest.document_id}"},
        )

    async def tell_of_message(self, request: Request) -> Response:
        """Tell what became of a message, record by record."""
        sender, _ = self._admitted(request)
        found = await run_in_threadpool(self._message, sender, request.path_params["id"])
        return answers.as_json(found)

    async def tell_of_document(self, request: Request) -> Response:
        """Tell how far a document is, and how many of its records ended how."""
        sender, _ = self._admitted(request)
        found = await run_in_threadpool(self._document, sender, request.path_params["id"])
        return answers.as_json(found)

    async def tell_notices(self, request: Request) -> Response:
        """Tell what the ministry was told, and what is known of its seeing and correcting it."""
        sender, _ = self._admitted(request)
        asked, today = dict(request.query_params), self.clock().astimezone(BAKU).date()

        def tell() -> dict[str, Any]:
            with self.door.lock, self.database.transaction() as tx:
                return notices.listed(tx, sender.connector.name, asked, today)

        return answers.as_json(await run_in_threadpool(tell))

    async def take_notice(self, request: Request) -> Response:
        """Note that the ministry has seen what it was told."""
        sender, who = self._admitted(request)
        wish = await body.read(request, notices.MOST_BYTES, self.http.body_seconds)

        def note() -> dict[str, Any]:
            with self.door.lock, self.database.transaction() as tx:
                return notices.acknowledge(tx, sender.connector.name, wish, who, self.clock())

        return answers.as_json(await run_in_threadpool(note))

    def _admitted(self, request: Request) -> tuple[Sender, str]:
        """Let in a ministry at its own address."""
        sender = self.senders.get(request.path_params["ministry"])
        if sender is None:
            raise Refused("unknown-ministry", "", "no ministry of this name sends over HTTP")
        return sender, sender.caller.admitted(request, self.monotonic())

    async def _body(self, request: Request) -> bytes:
        most, seconds = self.door.rules.limits.max_bytes, self.http.body_seconds
        return await body.read(request, most, seconds)

    async def _taken(self, letter: Letter, soap: str | None) -> Response:
        taken = await self._handed_in(letter)
        path = f"/intake/{letter.connector.name}/messages/{taken.message_id}"
        return answers.accepted(taken, path, soap)

    async def _handed_in(self, letter: Letter) -> Taken:
        taken = await run_in_threadpool(self.door.take, letter, self.clock())
        self.observer.count("http_taken", ministry=letter.connector.name)
        return taken

    def _load(self, document: Document, connector: Connector) -> Manifest:
        with self._loading:
            return self.loader.load(document, connector)

    def _message(self, sender: Sender, message_id: str) -> dict[str, Any]:
        with self.door.lock, self.database.transaction() as tx:
            found = status.of_message(tx, sender.connector.name, message_id)
        if found is None:
            explanation = "intake has read no message of this id; if it was taken, it waits"
            raise Refused("unknown-message", "", explanation)
        return found

    def _document(self, sender: Sender, document_id: str) -> dict[str, Any]:
        name = sender.connector.name
        with self.door.lock, self.database.transaction() as tx:
            manifest = checkpoint.find(tx, name, document_id)
            outcomes = checkpoint.outcomes(tx, name, document_id)
        if manifest is None:
            raise Refused("unknown-message", "", "no document of this id has come")
        return manifest.described() | {"outcomes": outcomes}

    async def _refuse(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, Refused | Unavailable | RetryLater):
            return await _defect(request, error)
        ministry = request.path_params.get("ministry", "")
        known = self.connectors.get(ministry)
        rule = answers.rule_of(error)
        if known:
            self.observer.count("http_refused", ministry=ministry, rule=rule)
            _log.info("refused at the door", ministry=ministry, rule=rule)
        if request.url.path == _EHIS and ehis.speaks(request.headers):
            return ehis.refused(error)
        in_soap = request.url.path == f"/intake/{ministry}" and request.method == "POST"
        return answers.refused(error, _soap(known, request) if known and in_soap else None)


async def _defect(_request: Request, error: Exception) -> Response:
    """Whatever nobody foresaw: the sender may try again, and a person must look."""
    _log.error("defect at the door", exc_info=error)
    return answers.refused(Unavailable("defect"))


def _lane(request: Request, default: str) -> str:
    query = request.query_params.get("lane")
    lane = query or request.headers.get("qovsaq-lane") or default
    if lane not in keys.LANES:
        raise Refused("unroutable-key", "", f"the lane must be {' or '.join(keys.LANES)}")
    return lane


def _message_id(request: Request) -> str:
    return request.headers.get("message-id") or request.headers.get("ce-id") or ""


def _traceparent(request: Request) -> str | None:
    return carried(request.headers.get(TRACEPARENT))


def _soap(connector: Connector, request: Request) -> str | None:
    spoken = connector.content_types
    if is_manifest(request.headers.get("content-type", "")):
        return None
    return answers.soap_version(request.headers.get("content-type", ""), spoken)
