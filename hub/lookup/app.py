"""The addresses of the lookup service.

=============================================  ==========================================
``GET /v1/persons/<fin>``                      records about a person
``GET /v1/persons?document=<series>:<number>`` the same, of whoever holds a document
``GET /v1/legal-entities/<voen>``              records about a taxpayer
``GET /v1/changes?after=<cursor>``             the change feed, for the Agency's systems
``GET /openapi.json``                          the description of these; open to everybody
=============================================  ==========================================
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hub.http.access import credentials_of
from hub.http.answers import as_json
from hub.lookup import openapi
from hub.lookup.answering import Answer, Answering
from hub.lookup.changes import Changes
from hub.lookup.problems import problem
from hub.lookup.question import PURPOSE, Question, about_document, about_fin, about_voen
from hub.lookup.readers import Reader, Readers
from schemas.envelope import CONTENT_TYPE
from schemas.errors import HubError, Refused, RetryLater, Unavailable
from schemas.identifiers import Namespaces

_log = structlog.get_logger()
LOOKUP_ID = "Lookup-Id"
_PIECE = 16 * 1024
_ENDED = Refused("no-basis", "", "no grant in force allows what is asked for")
_UNKEPT = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class LookupService:
    """Everything the addresses need."""

    readers: Readers
    answering: Answering
    namespaces: Namespaces
    hand_over_seconds: float
    changes: Changes
    monotonic: Callable[[], float] = time.monotonic
    _described: object = field(default_factory=openapi.document)

    def app(self) -> Starlette:
        """Lay out the addresses."""
        return Starlette(
            routes=[
                Route("/v1/persons", self.by_document, methods=["GET"]),
                Route("/v1/persons/{fin}", self.by_fin, methods=["GET"]),
                Route("/v1/legal-entities/{voen}", self.by_voen, methods=["GET"]),
                Route("/v1/changes", self.changes.answer, methods=["GET"]),
                Route("/openapi.json", self.describe, methods=["GET"]),
            ],
            exception_handlers={HubError: _refuse, Exception: _defect},
        )

    async def by_fin(self, request: Request) -> Response:
        """Answer about a person."""
        reader = self._admitted(request)
        return await self._answer(
            reader, about_fin(request.path_params["fin"], *self._asked(request))
        )

    async def by_document(self, request: Request) -> Response:
        """Answer about the holder of a document."""
        reader = self._admitted(request)
        return await self._answer(reader, about_document(*self._asked(request)))

    async def by_voen(self, request: Request) -> Response:
        """Answer about a taxpayer."""
        reader = self._admitted(request)
        return await self._answer(
            reader, about_voen(request.path_params["voen"], *self._asked(request))
        )

    async def describe(self, _request: Request) -> Response:
        """Give the OpenAPI document."""
        return as_json(self._described)

    def _admitted(self, request: Request) -> Reader:
        reader = self.readers.known(credentials_of(request))
        reader.quota.spend(self.monotonic())
        return reader

    def _asked(self, request: Request) -> tuple[list[tuple[str, str]], str | None, Namespaces]:
        purpose = request.headers.get(PURPOSE)
        return request.query_params.multi_items(), purpose, self.namespaces

    async def _answer(self, reader: Reader, question: Question) -> Response:
        connection, held = reader.connection(), ExitStack()
        held.callback(reader.put_back, connection)
        try:
            fenced = self.answering.answer(connection, reader.name, question)
            answer = await run_in_threadpool(held.enter_context, fenced)
        except BaseException:
            held.close()
            raise
        seconds = self.time_for(answer)
        if not seconds:
            answer, seconds = Answer(answer.lookup_id, refusal=_ENDED), self.hand_over_seconds
        return HandedOver(answer, held.close, seconds)

    def time_for(self, answer: Answer) -> float:
        """How many seconds the answer has to leave; none once a grant it rests on is over."""
        if answer.until is None:
            return self.hand_over_seconds
        left = (answer.until - self.answering.clock()).total_seconds()
        return min(self.hand_over_seconds, max(left, 0.0))


class HandedOver(Response):
    """An answer on its way: the fences are left when it has gone, or its time is over."""

    def __init__(self, answer: Answer, leave: Callable[[], None], seconds: float) -> None:
        headers = {LOOKUP_ID: answer.lookup_id, **_UNKEPT}
        super().__init__(answer.body, headers=headers, media_type=CONTENT_TYPE)
        self._refused = problem(answer.refusal, headers) if answer.refusal else None
        self._leave = leave
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it piece by piece, so that whoever does not read is noticed and cut off."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    if self._refused:
                        await self._refused(scope, receive, send)
                    else:
                        await self._send(send)
        finally:
            await run_in_threadpool(self._leave)

    async def _send(self, send: Send) -> None:
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = bytes(self.body)
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused | Unavailable | RetryLater):
        return await _defect(request, error)
    rule = error.rule if isinstance(error, Refused) else "unavailable"
    _log.info("lookup refused", rule=rule)
    return problem(error, _UNKEPT)


async def _defect(_request: Request, error: Exception) -> Response:
    """Whatever nobody foresaw: nothing has left, and a person must look."""
    if isinstance(error, HubError):
        _log.error("lookup impossible", cause=str(error))
    else:
        _log.error("defect in a lookup", exc_info=error)
    return problem(Unavailable("defect"), _UNKEPT)
