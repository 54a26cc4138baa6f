"""The envelope of EHİS: what goes in comes out, and nothing else is taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors import _ehis
from connectors._ehis.answer import Acknowledged, Code, Faulted, read_answer, write_answer
from connectors._ehis.envelope import Exchange, make_envelope, open_envelope
from connectors._kit.contract import Limits, RawMessage
from schemas.errors import Refused

NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)
SCHEMA = etree.XMLSchema(etree.parse(Path(_ehis.__path__[0]) / "contract" / "exchange.v1.xsd"))
MADE = Exchange("c-1", "s-1", "justice", "qovsaq", "text/xml", b"<a/>", "m-1")


def opened(envelope: bytes) -> Exchange:
    return open_envelope(RawMessage("ehis", "", "application/xml", envelope, NOW), Limits())


@given(payload=st.binary(min_size=1), message_id=st.sampled_from(("", "m-1")))
def test_what_was_put_in_comes_out_and_fits_the_schema(payload: bytes, message_id: str) -> None:
    exchange = Exchange("c-1", "s-1", "justice", "qovsaq", "text/xml", payload, message_id)
    envelope = make_envelope(exchange)
    assert opened(envelope) == exchange
    assert SCHEMA.validate(etree.fromstring(envelope))


@pytest.mark.parametrize(
    ("old", "new", "rule", "field"),
    [
        (b"PGEvPg==", b"!", "value", "Payload"),
        (b"PGEvPg==", b" ", "required", "Payload"),
        (b"<ServiceId>s-1</ServiceId>", b"", "required", "ServiceId"),
        (b"<From>justice<", b"<From>Not A Name<", "value", "From"),
        (b"<ServiceId>", b"<Surprise/><ServiceId>", "unknown-field", "Surprise"),
        (b"exchange:v1", b"exchange:v2", "unknown-document", ""),
        (b' contentType="text/xml"', b"", "required", "Payload/@contentType"),
    ],
)
def test_anything_else_is_refused_by_name(old: bytes, new: bytes, rule: str, field: str) -> None:
    envelope = make_envelope(MADE)
    assert old in envelope
    with pytest.raises(Refused) as refused:
        opened(envelope.replace(old, new))
    assert (refused.value.rule, refused.value.field) == (rule, field)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (Acknowledged("c-1", "m-1"), Acknowledged("c-1", "m-1")),
        *((Faulted(code, "value", "Payload", "not base64"), Faulted(code)) for code in Code),
        (Faulted(Code.LATER), Faulted(Code.LATER)),
    ],
)
def test_an_answer_fits_the_schema_and_only_what_is_acted_on_is_read(
    answer: Acknowledged | Faulted, read: Acknowledged | Faulted
) -> None:
    written = write_answer(answer)
    SCHEMA.assertValid(etree.fromstring(written))
    assert read_answer(written) == read


def test_the_schema_knows_the_codes_that_there_are() -> None:
    codes = etree.parse(Path(_ehis.__path__[0]) / "contract" / "exchange.v1.xsd").findall(
        ".//{*}simpleType[@name='Code']//{*}enumeration"
    )
    assert [each.get("value") for each in codes] == list(Code)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"<Code>Later</Code>", b"<Code>Soon</Code>", "value"),
        (b"<Code>Later</Code>", b"", "required"),
        (b"<Code>", b"<Surprise/><Code>", "unknown-field"),
        (b"exchange:v1", b"exchange:v2", "unknown-document"),
        (b"Fault", b"Receipt", "unknown-document"),
        (b"</Code>", b"", "xml-syntax"),
    ],
)
def test_an_answer_that_does_not_fit_is_none(old: bytes, new: bytes, rule: str) -> None:
    written = write_answer(Faulted(Code.LATER))
    assert old in written
    with pytest.raises(Refused) as refused:
        read_answer(written.replace(old, new))
    assert refused.value.rule == rule
