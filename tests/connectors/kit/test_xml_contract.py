"""XSD and WSDL as shapes: what each construct becomes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from connectors._kit.discover import discover
from connectors._kit.xml_contract import read_xml_contract
from schemas.errors import Refused

SERVED = [
    pytest.param(file, id=f"{connector.name}-{file.name}")
    for connector in discover().values()
    for file in sorted((connector.folder / "contract").iterdir())
    if file.suffix in (".xsd", ".wsdl")
]


def schema(inside: str) -> bytes:
    return f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
        targetNamespace="urn:test:one">{inside}</xs:schema>""".encode()


def shape_of(inside: str, name: str = "R") -> dict[str, Any]:
    """Shape of the global element ``name``."""
    shape: dict[str, Any] = read_xml_contract(schema(inside)).shape["$defs"][f"element {name}"]
    return shape


def record(inside: str) -> dict[str, Any]:
    return shape_of(f'<xs:element name="R"><xs:complexType>{inside}</xs:complexType></xs:element>')


@pytest.mark.parametrize("file", SERVED)
def test_every_contract_of_ours_is_read_under_its_namespace(file: Any) -> None:
    contract = read_xml_contract(file.read_bytes())
    assert contract.namespace.startswith("urn:synthetic:")
    assert contract.shape["properties"]


def test_a_sequence_has_parts_in_order_and_says_which_are_needed() -> None:
    shape = record(
        '<xs:sequence><xs:element name="B" type="xs:string"/>'
        '<xs:element name="A" type="xs:date" minOccurs="0" maxOccurs="3"/></xs:sequence>'
        '<xs:attribute name="id" type="xs:int" use="required"/>'
        '<xs:attribute name="gone" use="prohibited"/>'
    )
    assert shape == {
        "type": "object",
        "properties": {
            "B": {"type": "array", "x-repeats": True, "items": {"type": "string"}, "maxItems": 1},
            "A": {
                "type": "array",
                "x-repeats": True,
                "items": {"type": "string", "format": "date"},
                "maxItems": 3,
            },
            "@id": {"type": "integer", "format": "int"},
        },
        "required": ["@id", "B"],
        "additionalProperties": False,
        "x-order": ["B", "A"],
    }


def test_a_choice_is_a_condition_on_optional_parts() -> None:
    shape = record(
        '<xs:choice maxOccurs="unbounded"><xs:element name="A"/><xs:element name="B"/></xs:choice>'
    )
    assert shape["required"] == shape["x-order"] == []
    assert shape["allOf"] == [{"anyOf": [{"required": ["A"]}, {"required": ["B"]}]}]
    assert "maxItems" not in shape["properties"]["A"]


def test_facets_become_bounds_values_and_patterns() -> None:
    shape = shape_of(
        '<xs:element name="R"><xs:simpleType><xs:restriction base="xs:string">'
        '<xs:maxLength value="5"/><xs:pattern value="a"/><xs:pattern value="b"/>'
        '<xs:enumeration value="x"/><xs:enumeration value="y"/><xs:whiteSpace value="collapse"/>'
        "</xs:restriction></xs:simpleType></xs:element>"
    )
    assert shape == {
        "type": "string",
        "maxLength": 5,
        "pattern": "a|b",
        "enum": ["x", "y"],
        "facet whiteSpace": "collapse",
    }


def test_numbers_dates_and_lengths_keep_their_bounds() -> None:
    def simple(base: str, facets: str) -> dict[str, Any]:
        return shape_of(
            f'<xs:element name="R"><xs:simpleType><xs:restriction base="xs:{base}">{facets}'
            "</xs:restriction></xs:simpleType></xs:element>"
        )

    number = simple("decimal", '<xs:minInclusive value="0.5"/><xs:fractionDigits value="2"/>')
    assert number == {"type": "number", "format": "decimal", "minimum": 0.5, "x-fraction-digits": 2}
    assert simple("string", '<xs:length value="7"/>')["minLength"] == 7
    date = simple("date", '<xs:minInclusive value="2000-01-01"/>')
    assert date["facet minInclusive"] == "2000-01-01"


def test_named_types_unions_lists_and_constants_are_found() -> None:
    inside = (
        '<xs:simpleType name="Code"><xs:restriction base="xs:string"/></xs:simpleType>'
        '<xs:simpleType name="Any"><xs:union memberTypes="Code xs:int"/></xs:simpleType>'
        '<xs:simpleType name="Many"><xs:list itemType="Code"/></xs:simpleType>'
        '<xs:element name="R" type="Any"/><xs:element name="L" type="Many"/>'
        '<xs:element name="F" type="Code" fixed="x"/><xs:element name="B" type="xs:boolean"/>'
    )
    defined = read_xml_contract(schema(inside)).shape["$defs"]
    assert defined["element R"] == {"$ref": "#/$defs/Any"}
    assert defined["Any"]["anyOf"] == [
        {"$ref": "#/$defs/Code"},
        {"type": "integer", "format": "int"},
    ]
    assert defined["Many"] == {"type": "array", "items": {"type": "string"}}
    assert defined["element F"] == {"type": "string", "const": "x"}
    assert defined["element B"] == {"type": "boolean"}


def test_extensions_groups_and_references_are_followed() -> None:
    inside = (
        '<xs:complexType name="Base"><xs:sequence><xs:element name="A"/></xs:sequence>'
        "</xs:complexType>"
        '<xs:group name="G"><xs:sequence><xs:element ref="Other"/></xs:sequence></xs:group>'
        '<xs:attributeGroup name="Ids"><xs:attribute name="id"/></xs:attributeGroup>'
        '<xs:element name="Other" type="xs:string"/>'
        '<xs:element name="R"><xs:complexType mixed="true"><xs:complexContent>'
        '<xs:extension base="Base"><xs:sequence><xs:group ref="G"/><xs:any/></xs:sequence>'
        '<xs:attributeGroup ref="Ids"/></xs:extension></xs:complexContent></xs:complexType>'
        "</xs:element>"
    )
    shape = shape_of(inside)
    assert set(shape["properties"]) == {"A", "Other", "@id", "#text"}
    assert shape["properties"]["Other"]["items"] == {"$ref": "#/$defs/element Other"}
    assert shape["additionalProperties"] is True


def test_text_with_attributes_has_both() -> None:
    shape = record(
        '<xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="unit"/>'
        "</xs:extension></xs:simpleContent>"
    )
    assert shape["properties"]["#text"] == {"type": "number", "format": "decimal"}
    assert "@unit" in shape["properties"]


def test_a_service_has_operations_with_input_output_and_action() -> None:
    file = discover()["justice"].folder / "contract" / "poll.wsdl"
    shape = read_xml_contract(file.read_bytes()).shape
    parts = shape["properties"]["FetchNotifications"]["properties"]
    assert parts["input"] == {"allOf": [{"$ref": "#/$defs/element FetchNotifications"}]}
    assert parts["SOAPAction"]["const"].endswith("FetchNotifications")
    response = shape["$defs"]["element FetchNotificationsResponse"]
    assert response["required"] == ["more"]


DOUBLING = "".join(
    f'<xs:group name="g{n + 1}"><xs:sequence><xs:group ref="g{n}"/><xs:group ref="g{n}"/>'
    "</xs:sequence></xs:group>"
    for n in range(60)
)
REFUSED = {
    "another document": (b"<a/>", "contract"),
    "a document type": (b"<!DOCTYPE a><a/>", "xml-doctype"),
    "no XML": (b"wsdl", "xml-syntax"),
    "a type derived from itself": (
        schema(
            '<xs:complexType name="T"><xs:complexContent><xs:extension base="T"/>'
            '</xs:complexContent></xs:complexType><xs:element name="R" type="T"/>'
        ),
        "contract",
    ),
    "a simple type derived from itself": (
        schema('<xs:simpleType name="T"><xs:restriction base="T"/></xs:simpleType>'),
        "contract",
    ),
    "groups that double at every level": (
        schema(
            DOUBLING + '<xs:group name="g0"><xs:sequence><xs:element name="A"/></xs:sequence>'
            '</xs:group><xs:element name="R"><xs:complexType><xs:group ref="g60"/>'
            "</xs:complexType></xs:element>"
        ),
        "contract",
    ),
    "a bound that is no number": (
        schema(
            '<xs:simpleType name="T"><xs:restriction base="xs:string"><xs:length value="x"/>'
            "</xs:restriction></xs:simpleType>"
        ),
        "contract",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused(case: str) -> None:
    body, rule = REFUSED[case]
    with pytest.raises(Refused) as refusal:
        read_xml_contract(body)
    assert refusal.value.rule == rule
