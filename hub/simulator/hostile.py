"""Documents that no parser should trust: each a way to spoil the bytes of a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.simulator.form import Document
from hub.simulator.markup import SOAP

TOO_MANY = 10_001
TOO_DEEP = 5_000
TOO_LARGE = 8 * 1024 * 1024

XML = ("soap", "xml")
JSON = ("json",)
ANY = (*XML, *JSON)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A way to spoil a document, the syntaxes it suits and the rule it must be refused for.

    ``weight`` is how often it is chosen; ``parameter`` goes behind the content type. A
    ``pushed_only`` way needs a content type of its own or is too much for a poll's answer. Sizes
    are just beyond the hub's default limits.
    """

    name: str
    rule: str
    syntaxes: tuple[str, ...]
    spoil: Callable[[Document], bytes]
    weight: float = 1.0
    parameter: str = ""
    pushed_only: bool = False


def _whole(document: Document) -> bytes:
    return document.form.render(document.content)


def _xxe(document: Document) -> bytes:
    entity = b'<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>'
    return _before_end(_with_doctype(document, entity), b"&xxe;")


def _billion_laughs(document: Document) -> bytes:
    levels = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    bomb = b'<!DOCTYPE x [<!ENTITY l0 "lol">' + levels + b"]>"
    return _before_end(_with_doctype(document, bomb), b"&l9;")


def _external_dtd(document: Document) -> bytes:
    return _with_doctype(document, b'<!DOCTYPE x SYSTEM "http://dtd.invalid/x.dtd">')


def _with_doctype(document: Document, doctype: bytes) -> bytes:
    declaration, end, rest = _whole(document).partition(b"?>")
    return declaration + end + doctype + rest


def _deep_xml(document: Document) -> bytes:
    return _before_end(_whole(document), b"<a>" * TOO_DEEP + b"</a>" * TOO_DEEP)


def _deep_json(document: Document) -> bytes:
    return _with_member(document, b'"a":' + b"[" * TOO_DEEP + b"]" * TOO_DEEP)


def _truncated(document: Document) -> bytes:
    text = _whole(document).decode()
    return text[: len(text) * 2 // 3].encode()


def _not_a_document(_: Document) -> bytes:
    return b"%PDF-1.7 this is not what you asked for"


def _empty(_: Document) -> bytes:
    return b""


def _wrong_bytes_xml(document: Document) -> bytes:
    return _before_end(_whole(document), b"\xc2\xff\xfe")


def _wrong_bytes_json(document: Document) -> bytes:
    return _with_member(document, b'"a":"\xc2\xff\xfe"')


def _json_as_utf16(document: Document) -> bytes:
    return _whole(document).decode().encode("utf-16")


def _duplicate_key(document: Document) -> bytes:
    return _with_member(document, b'"sentAt":"2020-01-01T00:00:00+04:00","sentAt":"2020"')


def _not_a_number(document: Document) -> bytes:
    return _with_member(document, b'"a":NaN')


def _infinity(document: Document) -> bytes:
    return _with_member(document, b'"a":[-Infinity]')


def _array(document: Document) -> bytes:
    return b"[" + _whole(document) + b"]"


def _no_body(_: Document) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header/></s:Envelope>'.encode()


def _too_many(document: Document) -> bytes:
    form = document.form
    return form.render(document.content | {form.filler or "": [{} for _ in range(TOO_MANY)]})


def _too_large(document: Document) -> bytes:
    body = _whole(document)
    head, end, tail = body.rpartition(b"</" if document.form.syntax in XML else b"}")
    return head + b" " * TOO_LARGE + end + tail


HOSTILE = (
    Hostile("xxe", "xml-doctype", XML, _xxe, 2),
    Hostile("billion-laughs", "xml-doctype", XML, _billion_laughs),
    Hostile("external-dtd", "xml-doctype", XML, _external_dtd),
    Hostile("deep-nesting", "too-deep", XML, _deep_xml),
    Hostile("deep-nesting", "too-deep", JSON, _deep_json),
    Hostile("truncated", "xml-syntax", XML, _truncated, 3),
    Hostile("truncated", "json-syntax", JSON, _truncated, 3),
    Hostile("not-a-document", "xml-syntax", XML, _not_a_document),
    Hostile("not-a-document", "json-syntax", JSON, _not_a_document),
    Hostile("empty", "xml-syntax", XML, _empty, pushed_only=True),
    Hostile("empty", "json-syntax", JSON, _empty, pushed_only=True),
    Hostile("wrong-encoding", "encoding", XML, _wrong_bytes_xml, 2),
    Hostile("wrong-encoding", "encoding", JSON, _wrong_bytes_json),
    Hostile("wrong-encoding", "encoding", JSON, _json_as_utf16),
    Hostile("charset-disagrees", "encoding", XML, _whole, 1, "; charset=utf-16", pushed_only=True),
    Hostile("duplicate-key", "json-duplicate-key", JSON, _duplicate_key, 2),
    Hostile("not-a-number", "json-number", JSON, _not_a_number),
    Hostile("infinity", "json-number", JSON, _infinity),
    Hostile("not-an-object", "json-type", JSON, _array),
    Hostile("no-soap-body", "soap-envelope", ("soap",), _no_body, 2),
    Hostile("too-many-records", "too-many-records", ANY, _too_many, 0.1),
    Hostile("too-large", "too-large", ANY, _too_large, 0.02, pushed_only=True),
)


def suited(document: Document, *, polled: bool) -> list[Hostile]:
    """The ways that suit a document's syntax; a form without a list cannot hold too many."""
    return [
        way
        for way in HOSTILE
        if document.form.syntax in way.syntaxes
        and not (polled and way.pushed_only)
        and (way.rule != "too-many-records" or document.form.filler is not None)
    ]


def _before_end(body: bytes, text: bytes) -> bytes:
    head, end, tail = body.rpartition(b"</")
    return head + text + end + tail


def _with_member(document: Document, member: bytes) -> bytes:
    head, end, tail = _whole(document).rpartition(b"}")
    return head + b"," + member + end + tail
