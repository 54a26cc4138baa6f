"""Cutting NDJSON: one record a line, listed by the line in the connector's JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice, repeat

from connectors._kit.content import JSON
from connectors._kit.contract import Limits, RawMessage
from connectors._kit.json import parse_json
from connectors._kit.portions import Packer, Portion, Size
from schemas.errors import Refused

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def portions(
    stream: Iterable[bytes], charset: str | None, member: str, limits: Limits, size: Size
) -> Iterator[Portion]:
    """Chunks ``{"<member>": [line, …]}``; a line that is no JSON object has one to itself, so
    that its neighbours go on."""
    if charset not in (None, "utf-8", "utf8"):
        raise Refused("encoding", "", "JSON is exchanged in UTF-8")

    wrap = partial(_wrapped, member)
    packer = Packer(wrap, JSON[0], limits, size)
    for line in _lines(stream, limits):
        sound = _sound(wrap([line]), member, limits)
        yield from packer.add(line) if sound else packer.alone(line)
    yield from packer.give()
    if not packer.packed:
        raise Refused("required", "", "the document holds no record")


def portions_again(
    stream: Iterable[bytes], member: str, limits: Limits, parts: Iterable[int]
) -> Iterator[Portion]:
    """The same chunks of the same bytes, from how many lines each had: none is looked into.

    Lines beyond those have a chunk each."""
    lines = _lines(stream, limits)
    for most in chain(parts, repeat(1)):
        if not (taken := list(islice(lines, most))):
            return
        yield Portion(_wrapped(member, taken), JSON[0], len(taken))


def _wrapped(member: str, records: Sequence[bytes]) -> bytes:
    return b'{"%b":[%b]}' % (member.encode(), b",".join(records))


def _lines(stream: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """Lines without their ends; blank ones are left out."""
    rest = b""
    for piece in stream:
        *whole, rest = (rest + piece).split(b"\n")
        yield from filter(None, map(bytes.strip, whole))
        if len(rest) > limits.max_bytes:
            raise Refused("too-large", "", f"a line has more than {limits.max_bytes} bytes")
    if rest.strip():
        yield rest.strip()


def _sound(document: bytes, member: str, limits: Limits) -> bool:
    """Whether a line can be listed beside others without harm to them."""
    raw = RawMessage("", "", JSON[0], document, _NEVER)
    try:
        return len(parse_json(raw, limits).children(member)) == 1
    except Refused:
        return False
