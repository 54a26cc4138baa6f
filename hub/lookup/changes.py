"""``GET /v1/changes``: the change feed over HTTP, for systems of the Agency.

A system sees what its patterns select, as in its queue; the page is on record before it leaves.
With ``wait`` an empty page waits a while for something to come, holding no connection meanwhile.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.agency import feeding
from hub.agency.feeding import FeedPage
from hub.http.access import credentials_of
from hub.lookup.readers import Reader, Readers
from schemas.errors import Refused

MOST, USUAL, LONGEST_WAIT = 1000, 100, 30
CURSOR = r"^[0-9]{1,18}$"
_LOOK_AGAIN_SECONDS = 0.5
_NUMBER = re.compile(r"[0-9]{1,18}")
_BOUNDS = {"after": (0, 10**18 - 1), "limit": (1, MOST), "wait": (0, LONGEST_WAIT)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: what came after a cursor, at most ``limit``, waiting ``wait`` seconds."""

    after: int = 0
    limit: int = USUAL
    wait: int = 0

    @classmethod
    def of(cls, query: list[tuple[str, str]]) -> Asked:
        """Read the parameters; raise ``Refused`` (``parameter``) for any that is not one."""
        given = dict(query)
        if len(given) < len(query):
            raise Refused("parameter", "", "each parameter at most once")
        if given.keys() - _BOUNDS:
            raise Refused("parameter", "", "there is no parameter of that name")
        return cls(**{name: _number(name, text) for name, text in given.items()})


@dataclass(frozen=True)
class Changes:
    """Answers systems. ``clock`` gives the time (aware), ``monotonic`` that of waiting."""

    systems: Readers
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic

    async def answer(self, request: Request) -> Response:
        """Give a page; raises what the service answers as problems."""
        system = self.systems.known(credentials_of(request))
        system.quota.spend(self.monotonic())
        asked = Asked.of(request.query_params.multi_items())
        until = self.monotonic() + asked.wait
        page = await run_in_threadpool(self._page, system, asked)
        while not (page.changes or page.more) and self.monotonic() < until:
            if await request.is_disconnected():
                break
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            page = await run_in_threadpool(self._page, system, replace(asked, after=page.cursor))
        return _rendered(page)

    def _page(self, system: Reader, asked: Asked) -> FeedPage:
        connection = system.connection()
        try:
            with connection.transaction() as tx:
                return feeding.page(tx, system.name, asked.after, asked.limit, self.clock())
        finally:
            system.put_back(connection)


def _rendered(page: FeedPage) -> Response:
    changes = [
        {
            "position": str(change.position),
            "recordedAt": change.recorded_at.isoformat(),
            "event": change.event.model_dump(mode="json", exclude_none=True),
        }
        for change in page.changes
    ]
    body = orjson.dumps({"changes": changes, "cursor": str(page.cursor), "more": page.more})
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _number(name: str, text: str) -> int:
    least, most = _BOUNDS[name]
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise Refused("parameter", name, f"a whole number from {least} to {most}")
    return int(text)
