"""Whatever arrives, a normalizer gives items or refuses; nothing else ever comes out of it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors._kit.contract import Connector, RawMessage
from connectors._kit.discover import discover
from schemas.errors import Refused
from tests.connectors.golden import golden, normalized, raw_message, written

CONNECTORS = discover()
FUZZ = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
HOSTILE_TEXTS = (
    *("", " ", "0", "-1", "9" * 40, "1e999", "null", "NaN", "ə" * 600, "İ", "\u0307", "ь"),
    *("0000-00-00", "31.02.2026", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00+14:00"),
    *("<", "&", "]]>", '"', "\\", "\\u0000", "\\ud800", "\x00", "\ufffe", "{}", "[]", "true"),
)

every_connector = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS)


def dialects(connector: Connector) -> list[str]:
    return sorted({f".{re.split('[/+]', kind)[-1]}" for kind in connector.content_types})


def outcome(connector: Connector, raw: RawMessage) -> object:
    """Items as written, or the refusal; any other exception fails the test."""
    try:
        return [written(item) for item in normalized(connector, raw)]
    except Refused as refusal:
        return str(refusal)


@every_connector
@FUZZ
@given(body=st.binary(max_size=400), data=st.data())
def test_arbitrary_bytes_are_refused(
    connector: Connector, body: bytes, data: st.DataObject
) -> None:
    suffix = data.draw(st.sampled_from(dialects(connector)))
    assert isinstance(outcome(connector, raw_message(connector, body, suffix)), str)


@every_connector
@FUZZ
@given(data=st.data())
def test_mutated_documents_give_items_or_a_refusal(
    connector: Connector, data: st.DataObject
) -> None:
    raw = data.draw(st.sampled_from([sample.raw for sample in golden(connector)]))
    start = data.draw(st.integers(0, len(raw.body)))
    end = data.draw(st.integers(start, min(start + 40, len(raw.body))))
    patch = data.draw(st.binary(max_size=10) | st.sampled_from(HOSTILE_TEXTS).map(_utf8))
    mutated = replace(raw, body=raw.body[:start] + patch + raw.body[end:])
    assert outcome(connector, mutated) == outcome(connector, mutated)


@every_connector
@FUZZ
@given(data=st.data())
def test_documents_with_one_text_replaced_give_items_or_a_refusal(
    connector: Connector, data: st.DataObject
) -> None:
    """Mutations that keep the syntax, so that they reach what is behind the parser."""
    raw = data.draw(st.sampled_from([sample.raw for sample in golden(connector)]))
    texts = raw.body.split(b'"') if raw.content_type.endswith("json") else _xml_pieces(raw.body)
    position = data.draw(st.integers(0, len(texts) - 1))
    text = data.draw(st.text(max_size=12) | st.sampled_from(HOSTILE_TEXTS))
    texts[position] = _utf8(text)
    glue = b'"' if raw.content_type.endswith("json") else b""
    outcome(connector, replace(raw, body=glue.join(texts)))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _xml_pieces(body: bytes) -> list[bytes]:
    """The body cut before and after every text and attribute value."""
    pieces: list[bytes] = []
    for part in body.replace(b">", b">\xff").replace(b"<", b"\xff<").split(b"\xff"):
        pieces += part.replace(b'"', b'\xff"\xff').split(b"\xff")
    return pieces
