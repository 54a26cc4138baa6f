"""Cutting documents between records: nothing lost, nothing changed, nothing held for long."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connectors._kit.contract import Connector, Item, Limits, Normalized, RawMessage, Rules
from connectors._kit.discover import discover
from connectors._kit.portions import Portion, Size
from connectors._kit.soap import SOAP_11
from connectors._kit.split import split, split_again
from schemas.errors import Refused

CONNECTORS = discover()
SOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
HEALTH, XML = CONNECTORS["health"], "application/xml"
NOTICE = (
    '<Notice id="{id}" kind="BIRTH" action="NEW" at="2026-03-01T10:00:00+04:00">'
    "<Facility>000101</Facility><EventTime>28.02.2026 23:10</EventTime>"
    '<Mother fin="TST0001"/><Sex>2</Sex></Notice>'
)
START = '<VitalEvents xmlns="urn:synthetic:health:vital-events:v1" batch="B" created="{}">'
START = START.format("2026-03-01T11:00:00+04:00")


def cut(
    body: bytes, connector: Connector = HEALTH, content_type: str = XML, piece: int = 7, **size: int
) -> list[Portion]:
    pieces = (body[i : i + piece] for i in range(0, len(body), piece))
    return list(split(pieces, content_type, connector, Limits(), Size(**size)))


def items(connector: Connector, body: bytes, content_type: str) -> list[Item]:
    raw = RawMessage(connector.name, "m-1", content_type, body, SOON)
    return list(connector.normalize(raw, Rules()))


def said(found: list[Item]) -> list[object]:
    """What items say, whatever their place in a document."""
    return [
        (each.subject, each.operation, each.record)
        if isinstance(each, Normalized)
        else each.error.rule
        for each in found
    ]


def samples() -> Iterator[tuple[str, str, str]]:
    for name, connector in CONNECTORS.items():
        splitting = connector.splitting
        for file in sorted((connector.folder / "samples").glob("*.in.xml")):
            if splitting and splitting.xml:
                kind = next(k for k in connector.content_types if k.endswith("xml"))
                yield name, file.name, kind


@pytest.mark.parametrize(("name", "file", "content_type"), list(samples()))
def test_the_chunks_of_a_sample_say_what_the_sample_says(
    name: str, file: str, content_type: str
) -> None:
    connector = CONNECTORS[name]
    body = (connector.folder / "samples" / file).read_bytes()
    chunks = cut(body, connector, content_type, most_records=1)
    apart = [i for chunk in chunks for i in items(connector, chunk.body, chunk.content_type)]
    assert all(chunk.records == 1 for chunk in chunks)
    assert said(apart) == said(items(connector, body, content_type))


@given(
    records=st.lists(
        st.sampled_from(
            (
                NOTICE.format(id="1"),
                "<Notice/>",
                "<Notice />",
                "<Notice></Notice >",
                '<Notice id="/>" at=">"/>',
                "<Notice>/></Notice>",
                "<Notice><Notice/></Notice>",
                "<Notice><!-- </Notice> --><![CDATA[</Notice>]]></Notice\n>",
            )
        ),
        min_size=1,
        max_size=8,
    ),
    between=st.sampled_from(("", "\n  ", "<!-- <Notice/> -->")),
    piece=st.integers(1, 60),
    most=st.integers(1, 4),
)
@settings(deadline=None)
def test_records_are_taken_out_byte_for_byte(
    records: list[str], between: str, piece: int, most: int
) -> None:
    body = START + between.join(["", *records, ""]) + "</VitalEvents>"
    chunks = cut(body.encode(), piece=piece, most_records=most)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    rest = iter(records)
    for chunk in chunks:
        text = chunk.body.decode().removeprefix(declaration + START + between)
        inside = "".join(itertools.islice(rest, chunk.records))
        assert text == inside + "</VitalEvents>"
    assert list(rest) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1254"])
def test_any_encoding_the_hub_reads_is_cut_and_becomes_utf_8(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{name}"?>{START}<Notice id="ş"/></VitalEvents>'
    (chunk,) = cut(text.encode(encoding))
    assert etree.fromstring(chunk.body)[0].get("id") == "ş"


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_utf_8_under_another_name_is_refused_and_capitals_of_one_byte_are_not(piece: int) -> None:
    declaration = '<?xml version="1.0" encoding="windows-1254"?>'
    whole = f"{declaration}{START}{NOTICE.format(id='ÖÇŞĞÜİ')}</VitalEvents>"
    assert len(cut(whole.encode("windows-1254"), piece=piece)) == 1
    with pytest.raises(Refused) as refusal:
        cut(whole.encode(), piece=piece)
    assert refusal.value.rule == "encoding"


def test_a_soap_envelope_is_put_around_every_chunk() -> None:
    interior = CONNECTORS["interior"]
    body = (interior.folder / "samples" / "every-kind.in.xml").read_bytes()
    chunks = cut(body, interior, "text/xml", most_records=2)
    assert len(chunks) > 1
    for chunk in chunks:
        assert etree.fromstring(chunk.body).tag == f"{{{SOAP_11}}}Envelope"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<VitalEvents/>", "unknown-document"),
        (START + "</VitalEvents>", "required"),
        (START + "<Notice></VitalEvents>", "xml-syntax"),
        (START + "<Notice/>", "xml-syntax"),
        (START + "<Notice/><Surprise/></VitalEvents>", "unknown-field"),
        ("<!DOCTYPE a>" + START + "<Notice/></VitalEvents>", "xml-doctype"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml-doctype"),
        (START + "<Notice>" + "<a>" * 70, "too-deep"),
        ('<?xml version="1.0" encoding="EBCDIC"?><a/>', "encoding"),
        ("<a>\udcff</a>", "encoding"),
        (
            f'<s:Envelope xmlns:s="{SOAP_11}"><s:Body>{START}<Notice/></VitalEvents><b/>'
            "</s:Body></s:Envelope>",
            "soap-envelope",
        ),
        (f'<s:Envelope xmlns:s="{SOAP_11}"><s:Body><b/></s:Body></s:Envelope>', "unknown-document"),
        ("", "xml-syntax"),
    ],
)
def test_what_is_no_whole_document_is_refused(body: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        cut(body.encode("utf-8", "surrogateescape"))
    assert refused.value.rule == rule


def test_a_record_no_message_can_carry_is_refused_wherever_its_bytes_are() -> None:
    for huge in ("<Notice>" + "x" * 5000, '<Notice id="' + "x" * 5000, "<!--" + "x" * 5000):
        with pytest.raises(Refused, match="too-large"):
            list(
                split((START.encode(), huge.encode()), XML, HEALTH, Limits(max_bytes=4096), Size())
            )


def test_lines_of_ndjson_become_documents_of_the_ministry() -> None:
    lines = [b'{"a":%d}' % n for n in range(5)]
    body = b"\r\n".join(lines) + b"\n\n"
    chunks = cut(body, CONNECTORS["labour"], "application/x-ndjson", most_records=2)
    assert [(chunk.records, chunk.content_type) for chunk in chunks] == [
        (2, "application/json"),
        (2, "application/json"),
        (1, "application/json"),
    ]
    assert chunks[0].body == b'{"notices":[{"a":0},{"a":1}]}'


@pytest.mark.parametrize("bad", [b"{", b"[]", b"1", b'{"a":1,"a":1}', b'{"a":NaN}', b"\xff", b"}{"])
def test_a_line_that_would_spoil_its_neighbours_is_sent_alone(bad: bytes) -> None:
    body = b'{"a":1}\n%b\n{"a":2}' % bad
    chunks = cut(body, CONNECTORS["labour"], "application/x-ndjson")
    assert [chunk.body for chunk in chunks] == [
        b'{"notices":[{"a":1}]}',
        b'{"notices":[%b]}' % bad,
        b'{"notices":[{"a":2}]}',
    ]


@given(
    lines=st.lists(st.sampled_from((b'{"a":1}', b"{", b"", b"  ", b'{"a":1,"a":1}', b"[]"))),
    piece=st.integers(1, 40),
    most=st.integers(1, 4),
)
@settings(deadline=None)
def test_a_document_cut_again_has_the_same_chunks(
    lines: list[bytes], piece: int, most: int
) -> None:
    body = b"\n".join([b'{"first":0}', *lines])
    labour, kind = CONNECTORS["labour"], "application/x-ndjson"
    chunks = cut(body, labour, kind, most_records=most)
    pieces = [body[i : i + piece] for i in range(0, len(body), piece)]
    how = kind, labour, Limits(), Size(most_records=most)
    parts = [chunk.records for chunk in chunks]
    assert list(split_again(pieces, *how, parts)) == chunks
    more = list(split_again([*pieces, b"\n{}\n{}"], *how, parts))
    assert [chunk.records for chunk in more[len(chunks) :]] == [1, 1]


def test_xml_cut_again_has_the_same_chunks() -> None:
    body = (START + NOTICE.format(id=1) * 5 + "</VitalEvents>").encode()
    chunks = cut(body, most_records=2)
    how = XML, HEALTH, Limits(), Size(most_records=2)
    assert list(split_again([body], *how, [chunk.records for chunk in chunks])) == chunks


def test_memory_does_not_grow_with_the_document() -> None:
    def stream(records: int) -> Iterator[bytes]:
        yield START.encode()
        for number in range(records):
            yield NOTICE.format(id=number).encode()
        yield b"</VitalEvents>"

    def peak(records: int) -> int:
        tracemalloc.start()
        taken = sum(p.records for p in split(stream(records), XML, HEALTH, Limits(), Size()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken == records
        return most

    assert peak(20_000) < 2 * peak(2_000)
