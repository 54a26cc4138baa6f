"""Strict JSON: no duplicate keys, no NaN, UTF-8 only, exact decimals; then typed access with paths.

Nothing is coerced: a number where the contract says text is refused, and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any, NoReturn, TypeVar

from connectors._kit.content import JSON, check_content_type
from connectors._kit.contract import Limits, RawMessage
from connectors._kit.source import check_count, check_marks, check_text, presentable
from schemas.errors import Refused

_T = TypeVar("_T")
_EXACT = Context(prec=100)
_MAX_DIGITS = 30


def parse_json(raw: RawMessage, limits: Limits, accepted: tuple[str, ...] = JSON) -> Object:
    """Root object of the message's body.

    Raises ``Refused``: ``too-large``, ``content-type``, ``encoding``, ``json-duplicate-key``,
    ``json-number``, ``json-syntax``, ``too-deep``, ``json-type``.
    """
    if len(raw.body) > limits.max_bytes:
        raise Refused("too-large", "", f"more than {limits.max_bytes} bytes")
    charset = check_content_type(raw.content_type, accepted)
    check_marks(raw.body, (b",", b"{", b"["), limits)
    root = _load(_decode(raw.body, charset), limits)
    if not isinstance(root, dict):
        raise Refused("json-type", "", "expected an object")
    if raw.body.count(b"{") + raw.body.count(b"[") > limits.max_depth:  # it could be so deep
        _check_depth(root, limits.max_depth)
    return Object(root, "", limits)


def _decode(body: bytes, charset: str | None) -> str:
    if charset not in (None, "utf-8", "utf8"):
        raise Refused("encoding", "", "JSON is exchanged in UTF-8")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Refused("encoding", "", "the bytes are not UTF-8") from None
    if text.startswith("\ufeff"):
        raise Refused("encoding", "", "starts with a byte order mark")
    return text


def _load(text: str, limits: Limits) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        explanation = f"{error.msg.lower()} at line {error.lineno}, column {error.colno}"
        raise Refused("json-syntax", "", explanation) from None
    except RecursionError:
        raise Refused("too-deep", "", f"nested more than {limits.max_depth} levels") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Refused("json-duplicate-key", "", "an object has the same name twice")
    return members


def _refuse_number(_literal: str) -> NoReturn:
    raise Refused("json-number", "", "NaN and Infinity are not JSON")


def _decimal(literal: str) -> Decimal:
    """An exact number of a size that money and counts can have."""
    number = Decimal(literal)
    if len(literal) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_DIGITS:
        raise Refused("json-number", "", "out of any sensible range")
    return number


def _integer(literal: str) -> int:
    if len(literal) > _MAX_DIGITS:
        raise Refused("json-number", "", "out of any sensible range")
    return int(literal)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_number,
    parse_float=_decimal,
    parse_int=_integer,
)


def _check_depth(root: dict[str, Any], max_depth: int) -> None:
    """Level by level, so that the depth of the document is not the depth of our stack."""
    level: list[Any] = [root]
    for _ in range(max_depth):
        level = [member for value in level for member in _containers(value)]
        if not level:
            return
    raise Refused("too-deep", "", f"nested more than {max_depth} levels")


def _containers(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    members = value.values() if isinstance(value, dict) else value
    return (member for member in members if isinstance(member, dict | list))


class Object:
    """A JSON object with the sender's path to it: ``notices[0].contract``, ``""`` for the root."""

    __slots__ = ("_limits", "_members", "path")

    def __init__(self, members: dict[str, Any], path: str, limits: Limits) -> None:
        self.path = path
        self._members = members
        self._limits = limits

    def at(self, name: str) -> str:
        """Path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the member says anything; null and blank text count as absent."""
        value = self._members.get(name)
        return value is not None and not (isinstance(value, str) and not value.strip())

    def text(self, name: str) -> str:
        """A member that is a string, stripped."""
        return check_text(self._typed(name, str, "text"), self, name, self._limits)

    def boolean(self, name: str) -> bool:
        """A member that is true or false."""
        return self._typed(name, bool, "true or false")

    def decimal(self, name: str, places: int) -> Decimal:
        """A number with at most ``places`` decimals, returned with exactly so many."""
        value = self._members.get(name)
        number = Decimal(value) if type(value) is int else self._typed(name, Decimal, "a number")
        exact = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
        if exact != number:
            raise Refused("value", self.at(name), f"more than {places} decimals")
        return exact

    def child(self, name: str) -> Object:
        """A member that is an object."""
        return Object(self._typed(name, dict, "an object"), self.at(name), self._limits)

    def children(self, name: str) -> list[Object]:
        """An array of objects, or nothing; their paths count from 0.

        More of them than records may be in a document are refused with ``too-many-records``.
        """
        members = self._typed(name, list, "an array") if self.has(name) else []
        check_count(len(members), self._limits)
        found = []
        for index, member in enumerate(members):
            path = f"{self.at(name)}[{index}]"
            if not isinstance(member, dict):
                raise Refused("type", path, "expected an object")
            found.append(Object(member, path, self._limits))
        return found

    def only(self, *names: str) -> None:
        """Refuse members beside these."""
        if self._members.keys() <= set(names):
            return
        unknown = next(name for name in self._members if name not in names)
        raise Refused("unknown-field", self.at(presentable(unknown)), "not in the contract")

    def _typed(self, name: str, kind: type[_T], expected: str) -> _T:
        value = self._members.get(name)
        if value is None:
            raise Refused("required", self.at(name), "must be given")
        if not isinstance(value, kind):
            raise Refused("type", self.at(name), f"expected {expected}")
        return value
