"""Cutting XML: records are taken out byte for byte, without a tree ever being built."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple
from xml.parsers import expat

from connectors._kit.contract import Cut, Limits
from connectors._kit.encoding import DisguiseWatch, xml_encoding
from connectors._kit.portions import Packer, Portion, Size
from connectors._kit.soap import SOAP_11, SOAP_12
from connectors._kit.source import presentable
from schemas.errors import Refused

_HEAD = 400
_SEPARATOR = "\x1f"  # not a character of XML, so that no namespace holds it
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
_DECLARED = re.compile(rb"\A\s*<\?xml\s[^>]*\?>\s*")
_ENDS_NAME = b" \t\r\n>"


def portions(
    stream: Iterable[bytes],
    charset: str | None,
    content_type: str,
    cuts: Sequence[Cut],
    limits: Limits,
    size: Size,
) -> Iterator[Portion]:
    """Chunks in UTF-8 that repeat what stands before the first record."""
    cutter = _Cutter(cuts, limits)
    packer: Packer | None = None
    for piece in chain(_decoded(stream, charset), (None,)):
        cutter.feed(piece)
        for record in cutter.taken():
            packer = packer or Packer(cutter.wrap, content_type, limits, size)
            yield from packer.add(record)
    if packer is None:
        raise Refused("required", cutter.expected, "must be given")
    yield from packer.give()


def _decoded(stream: Iterable[bytes], charset: str | None) -> Iterator[bytes]:
    """The document in UTF-8, without a byte order mark."""
    pieces = iter(stream)
    head = b""
    while len(head) < _HEAD and (piece := next(pieces, b"")):
        head += piece
    name = xml_encoding(head, charset)
    decoder = codecs.getincrementaldecoder(name)()
    watch, mark = DisguiseWatch(name), "\ufeff"
    for piece in chain((head,), pieces, (b"",)):
        watch.look(piece)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError:
            raise Refused("encoding", "", f"the bytes are not {name}") from None
        if text:
            yield text.removeprefix(mark).encode()
            mark = ""


class _Name(NamedTuple):
    """A name as it is meant and as it is written."""

    namespace: str
    local: str
    written: str

    @classmethod
    def read(cls, text: str) -> _Name:
        match text.split(_SEPARATOR):
            case [namespace, local, prefix]:
                return cls(namespace, local, f"{prefix}:{local}")
            case [namespace, local]:
                return cls(namespace, local, local)
            case _:
                return cls("", text, text)


class _Cutter:
    """Follows a document as it comes in and takes its records out.

    Bytes are held only from the end of the last record on. Like the parser of whole documents it
    refuses document types (and with them entities), and what is nested too deep.
    """

    def __init__(self, cuts: Sequence[Cut], limits: Limits) -> None:
        self._cuts = {(cut.namespace, cut.within): cut for cut in cuts}
        self._limits = limits
        self._open: list[_Name] = []
        self._depth = 0
        self._cut: Cut | None = None
        self._head: bytes | None = None
        self._tail = b""
        self._start: int | None = None
        self._held = bytearray()
        self._first = 0  # where in the document the held bytes begin
        self._done = 0  # where in the document the last record ended
        self._records: list[bytes] = []
        self._parser = expat.ParserCreate("utf-8", _SEPARATOR)
        self._parser.namespace_prefixes = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._element
        self._parser.EndElementHandler = self._element_end

    @property
    def expected(self) -> str:
        """Name of the records looked for, as far as the kind of document is known."""
        return self._cut.records[0] if self._cut else ""

    def feed(self, piece: bytes | None) -> None:
        """Take in more of the document; None is its end."""
        try:
            if piece is None:
                self._parser.Parse(b"", True)
                return
            self._held += piece
            self._parser.Parse(piece, False)
        except expat.ExpatError as error:
            explanation = f"not well-formed XML at line {error.lineno}"
            raise Refused("xml-syntax", "", explanation) from None
        if self._head is not None:
            del self._held[: self._done - self._first]
            self._first = self._done
        if len(self._held) > self._limits.max_bytes:
            raise Refused("too-large", "", f"more than {self._limits.max_bytes} bytes in one part")

    def taken(self) -> list[bytes]:
        """Hand over the records that are complete."""
        taken, self._records = self._records, []
        return taken

    def wrap(self, records: Sequence[bytes]) -> bytes:
        """A document of some of the records; only once there was a first one."""
        return b"".join((_DECLARATION, self._head or b"", *records, self._tail))

    def _doctype(self, *_: object) -> None:
        raise Refused("xml-doctype", "", "document types and entities are not allowed")

    def _element(self, text: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > self._limits.max_depth:
            explanation = f"nested more than {self._limits.max_depth} levels"
            raise Refused("too-deep", "", explanation)
        if self._cut is None:
            self._look_for_document(_Name.read(text))
        elif self._depth == len(self._open) + 1:
            self._member(self._cut, _Name.read(text))
        elif self._depth <= len(self._open):
            raise Refused("soap-envelope", "", "expected one body with one element in it")

    def _element_end(self, text: str) -> None:
        if self._cut is None:
            self._open.pop()
        elif self._start is not None and self._depth == len(self._open) + 1:
            self._take(self._start, _Name.read(text))
        self._depth -= 1

    def _look_for_document(self, name: _Name) -> None:
        in_header = any(_is_soap(outer, "Header") for outer in self._open)
        self._open.append(name)
        if in_header:
            return
        self._cut = self._cuts.get((name.namespace, name.local))
        if self._cut is None and not _is_soap(name, "Envelope", "Header", "Body"):
            known = " or ".join(within for _, within in self._cuts)
            raise Refused("unknown-document", "", f"expected {known}")

    def _member(self, cut: Cut, name: _Name) -> None:
        """Note where a record begins; whatever else stands before the first is the wrapper's."""
        if name.namespace == cut.namespace and name.local in cut.records:
            self._start = self._parser.CurrentByteIndex
            if self._head is None:
                self._head = _DECLARED.sub(b"", self._held[: self._start - self._first], count=1)
                self._tail = "".join(f"</{n.written}>" for n in reversed(self._open)).encode()
        elif self._head is not None:
            explanation = "not in the contract, or not after a record"
            raise Refused("unknown-field", presentable(name.local), explanation)

    def _take(self, start: int, name: _Name) -> None:
        at = self._parser.CurrentByteIndex
        end = self._end_of_tag(at - self._first, name.written.encode()) + self._first
        self._records.append(bytes(self._held[start - self._first : end - self._first]))
        self._start, self._done = None, end

    def _end_of_tag(self, at: int, name: bytes) -> int:
        """Where a record ends in the held bytes: after its end tag, or, for one element without
        content, where the parser already stands."""
        after = at + 2 + len(name)
        if self._held.startswith(b"</" + name, at) and self._held[after] in _ENDS_NAME:
            return self._held.index(b">", after) + 1
        return at


def _is_soap(name: _Name, *locals_: str) -> bool:
    return name.namespace in (SOAP_11, SOAP_12) and name.local in locals_
