"""What XML elements and JSON objects have in common for a normalizer: names, texts and paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, Self

from connectors._kit.contract import Limits
from schemas.errors import Refused

_MARKS_PER_RECORD = 100
_LEAST_MARKS = 10_000
_PRESENTABLE = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class Source(Protocol):
    """One element or object of the sender's document; fields are found by the sender's names.

    In XML, ``@name`` is an attribute and ``""`` the element's own text.
    """

    path: str

    def at(self, name: str) -> str:
        """Path of a field as the sender knows it, for notices."""

    def has(self, name: str) -> bool:
        """Whether the field is there and says anything: empty and null count as absent."""

    def text(self, name: str) -> str:
        """The field's text, stripped; refuses with ``required`` if it is absent."""

    def child(self, name: str) -> Self:
        """The one part of this name; refuses with ``required`` if it is absent."""

    def children(self, name: str) -> Sequence[Self]:
        """All parts of this name, in the sender's order; may be none."""

    def only(self, *names: str) -> None:
        """Refuse with ``unknown-field`` if there is anything beside these names."""


def presentable(name: str) -> str:
    """A name chosen by the sender, fit for a notice: names may be hostile or carry values."""
    return name if _PRESENTABLE.fullmatch(name) else "?"


def check_count(records: int, limits: Limits) -> None:
    """Refuse a document of more records than one message may carry."""
    if records > limits.max_records:
        raise Refused("too-many-records", "", f"more than {limits.max_records} records")


def check_marks(body: bytes, marks: tuple[bytes, ...], limits: Limits) -> None:
    """Refuse a body so full of markup that its tree in memory would be many times its size.

    An empty element is 4 bytes on the wire and over 100 in memory, an empty object 3 and 64.
    """
    allowed = max(limits.max_records * _MARKS_PER_RECORD, _LEAST_MARKS)
    if sum(map(body.count, marks)) > allowed:
        raise Refused("too-large", "", f"more than {allowed} elements or values")


def check_text(text: str, source: Source, name: str, limits: Limits) -> str:
    """The stripped text of a field, if it says anything and can be stored: bounded, without
    control characters and surrogates."""
    if len(text) > limits.max_text:
        raise Refused("text-length", source.at(name), f"longer than {limits.max_text} characters")
    if not text.isprintable() and _UNSTORABLE.search(text):
        raise Refused("value", source.at(name), "contains control characters")
    stripped = text.strip()
    if not stripped:
        raise Refused("required", source.at(name), "must be given")
    return stripped
