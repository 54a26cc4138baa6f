"""The XML parser refuses what could hurt, quickly and in bounded memory, and knows its paths."""

from __future__ import annotations

import tracemalloc

import pytest

from connectors._kit.content import XML
from connectors._kit.contract import Limits
from connectors._kit.xml import Element, open_xml, parse_xml
from schemas.errors import Refused
from tests.connectors.kit.messages import message

LIMITS = Limits()
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def parsed(body: bytes | str, content_type: str = "text/xml", limits: Limits = LIMITS) -> Element:
    return open_xml(parse_xml(message(body, content_type), limits, XML), "urn:x", "Root", limits)


def rule_of(body: bytes | str, content_type: str = "text/xml", limits: Limits = LIMITS) -> str:
    with pytest.raises(Refused) as refusal:
        parsed(body, content_type, limits)
    assert refusal.value.field == ""
    return refusal.value.rule


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("", "xml-syntax"),
        ("not xml", "xml-syntax"),
        ("<Root", "xml-syntax"),
        ("<Root xmlns='urn:x'><a></Root>", "xml-syntax"),
        ("<Root xmlns='urn:x'>&unknown;</Root>", "xml-syntax"),
        (b"\x00\x01\x02\x03", "xml-syntax"),
        (b"\xff\xfe\xfd", "encoding"),
        (f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><r>&l9;</r>', "xml-doctype"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "xml-doctype"),
        ('<!DOCTYPE r SYSTEM "http://ministry.invalid/r.dtd"><r/>', "xml-doctype"),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "http://ministry.invalid/p">%p;]><r/>', "xml-doctype"),
        ("<!-- prolog --><?pi?>\n<!DOCTYPE r><r/>", "xml-doctype"),
        ("<a>" * 65 + "</a>" * 65, "too-deep"),
        ("<a>" * 300 + "</a>" * 300, "too-deep"),
        ("<a>" * 50_000, "too-deep"),
        ("<Root/>", "unknown-document"),
        ("<Other xmlns='urn:x'/>", "unknown-document"),
        ("<Root xmlns='urn:y'/>", "unknown-document"),
    ],
)
def test_a_hostile_or_foreign_document_is_refused_by_rule(body: bytes | str, rule: str) -> None:
    assert rule_of(body) == rule


def test_a_document_type_hidden_by_its_encoding_is_still_found() -> None:
    body = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'
    assert rule_of(body.encode("utf-16")) == "xml-doctype"


def test_the_deepest_allowed_document_is_read() -> None:
    limits = Limits(max_depth=4)
    parsed("<Root xmlns='urn:x'>" + "<a>" * 3 + "</a>" * 3 + "</Root>", limits=limits)
    assert rule_of("<Root xmlns='urn:x'>" + "<a>" * 4 + "</a>" * 4 + "</Root>", limits=limits) == (
        "too-deep"
    )


def test_a_hundred_megabytes_of_nesting_are_refused_before_anything_is_built() -> None:
    raw = message(b"<a>" * 35_000_000)
    tracemalloc.start()
    with pytest.raises(Refused) as refusal:
        parse_xml(raw, Limits(), XML)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.rule == "too-large"
    assert peak < 1_000_000


@pytest.mark.parametrize("unit", ["<a/>", '<a b="" c="" d=""/>'])
def test_a_body_of_nothing_but_markup_is_refused_before_it_becomes_a_tree(unit: str) -> None:
    limits = Limits(max_records=1_000)
    assert rule_of("<Root xmlns='urn:x'>" + unit * 110_000 + "</Root>", limits=limits) == (
        "too-large"
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<Root xmlns='urn:x'><t>ə</t></Root>".encode(), "text/xml"),
        (b"\xef\xbb\xbf" + "<Root xmlns='urn:x'><t>ə</t></Root>".encode(), "text/xml"),
        ("<Root xmlns='urn:x'><t>ə</t></Root>".encode(), 'Application/XML; charset="UTF-8"'),
        ("<Root xmlns='urn:x'><t>ə</t></Root>".encode("utf-16"), "text/xml"),
        ("<Root xmlns='urn:x'><t>ə</t></Root>".encode("utf-16-be"), "text/xml; charset=utf-16"),
    ],
)
def test_one_text_is_read_alike_in_every_unicode_encoding(body: bytes, content_type: str) -> None:
    assert parsed(body, content_type).text("t") == "ə"


def test_a_single_byte_encoding_is_read_as_declared() -> None:
    text = '<?xml version="1.0" encoding="windows-1254"?><Root xmlns="urn:x"><t>Işıq</t></Root>'
    assert parsed(text.encode("cp1254")).text("t") == "Işıq"
    undeclared = "<Root xmlns='urn:x'><t>Işıq</t></Root>".encode("cp1254")
    assert parsed(undeclared, "text/xml; charset=windows-1254").text("t") == "Işıq"
    assert rule_of(undeclared) == "encoding"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'<?xml version="1.0" encoding="UTF-7"?><r/>', "text/xml"),
        (b'<?xml version="1.0" encoding="no-such"?><r/>', "text/xml"),
        (b"<r/>", "text/xml; charset=ibm037"),
        (b'<?xml version="1.0" encoding="windows-1254"?><r/>', "text/xml; charset=utf-8"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="windows-1254"?><r/>', "text/xml"),
        ('<?xml version="1.0" encoding="windows-1254"?><r>Sınaq</r>'.encode(), "text/xml"),
        ("<r>Sınaq</r>".encode(), "text/xml; charset=iso-8859-9"),
        ('<?xml version="1.0" encoding="UTF-8"?><r/>'.encode("utf-16"), "text/xml"),
        (b"\xff\xfe<\x00r\x00/\x00>", "text/xml"),
    ],
)
def test_an_unreadable_or_contradictory_encoding_is_refused(body: bytes, content_type: str) -> None:
    assert rule_of(body, content_type) == "encoding"


def test_paths_are_the_senders_and_count_from_one() -> None:
    root = parsed("<Root xmlns='urn:x'><E><P a=''/></E><F/><E><P a='1'>t</P></E></Root>")
    first, second = root.children("E")
    assert second.child("P").at("@a") == "E[2]/P/@a"
    assert second.child("P").text("@a") == "1"
    assert second.child("P").text("") == "t"
    assert [(name, each.path) for name, each in root.each("E", "F")] == [
        ("E", "E[1]"),
        ("F", "F[1]"),
        ("E", "E[2]"),
    ]
    assert not first.child("P").has("@a")
    assert root.children("none") == []


def test_a_blank_element_counts_as_absent() -> None:
    root = parsed("<Root xmlns='urn:x'><a/><b> </b><c x='1'/><d><e/></d><f>t</f></Root>")
    assert [name for name in "abcdef" if root.has(name)] == ["c", "d", "f"]


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        ("", "a", "required"),
        ("<a/>", "a", "required"),
        ("<a> </a>", "a", "required"),
        ("<a>1</a><a>2</a>", "a", "value"),
        ("<a><b>1</b></a>", "a", "type"),
        ("<a>\x7f</a>", "a", "value"),
        (f"<a>{'x' * 51}</a>", "a", "text-length"),
        ("", "@a", "required"),
        ("", "", "required"),
    ],
)
def test_a_field_that_is_not_one_plain_text_is_refused_at_its_path(
    content: str, name: str, rule: str
) -> None:
    root = parsed(f"<Root xmlns='urn:x'><E>{content}</E></Root>", limits=Limits(max_text=50))
    with pytest.raises(Refused) as refusal:
        root.child("E").text(name)
    assert (refusal.value.rule, refusal.value.field) == (rule, f"E/{name}".rstrip("/"))


def test_a_comment_does_not_cut_a_text_short() -> None:
    assert parsed("<Root xmlns='urn:x'><a>TST<!-- -->0001</a></Root>").text("a") == "TST0001"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("<Root xmlns='urn:x'><E><z/></E></Root>", "E/z"),
        ("<Root xmlns='urn:x'><E z='1'/></Root>", "E/@z"),
        ("<Root xmlns='urn:x'><E><a xmlns='urn:y'/></E></Root>", "E/?"),
        (f"<Root xmlns='urn:x'><E><{'z' * 99}/></E></Root>", "E/?"),
    ],
)
def test_what_is_not_in_the_contract_is_refused_without_echoing_odd_names(
    document: str, path: str
) -> None:
    with pytest.raises(Refused) as refusal:
        parsed(document).child("E").only("a", "@b")
    assert (refusal.value.rule, refusal.value.field) == ("unknown-field", path)


def test_attributes_about_xml_itself_pass() -> None:
    schema = (
        "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:x x.xsd'"
    )
    parsed(f"<Root xmlns='urn:x' {schema}/>").only()


def test_more_children_than_records_may_be_are_refused() -> None:
    limits = Limits(max_records=2)
    assert len(parsed("<Root xmlns='urn:x'><a/><a/></Root>", limits=limits).children("a")) == 2
    with pytest.raises(Refused) as refusal:
        parsed("<Root xmlns='urn:x'><a/><a/><a/></Root>", limits=limits).children("a")
    assert refusal.value.rule == "too-many-records"
