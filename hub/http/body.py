"""Taking in a request's body: no more than allowed, and no slower."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from schemas.errors import Refused

_SPLIT = "; over the cap, send it to …/documents or by `qovsaq load`, which split it"


async def read(request: Request, most: int, seconds: float) -> bytes:
    """Read a message; raise ``Refused`` (``too-large``, ``too-slow``) as soon as that is clear."""
    _check_announced(request, most)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in _pieces(request):
                body += piece
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise _too_slow(seconds) from None
    return bytes(body)


async def spool(request: Request, file: Path, most: int, seconds: float) -> None:
    """Write a document to a file; ``seconds`` is the longest pause in it."""
    _check_announced(request, most)
    size, pieces = 0, _pieces(request)
    with file.open("wb") as sink:
        while True:
            try:
                async with asyncio.timeout(seconds):
                    piece = await anext(pieces, None)
            except TimeoutError:
                raise _too_slow(seconds) from None
            if piece is None:
                return
            size += len(piece)
            if size > most:
                raise Refused("too-large", "", f"more than {most} bytes")
            await run_in_threadpool(sink.write, piece)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise Refused("too-slow", "", "the connection ended before the body did") from None


def _check_announced(request: Request, most: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most)


def _too_large(most: int) -> Refused:
    return Refused("too-large", "", f"more than {most} bytes{_SPLIT}")


def _too_slow(seconds: float) -> Refused:
    return Refused("too-slow", "", f"nothing came for {seconds:g} s")
