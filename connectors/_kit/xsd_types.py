"""Simple types of XML Schema as shapes: base, facets, lists and unions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_INTEGERS = frozenset(
    [
        "integer",
        "long",
        "int",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "nonPositiveInteger",
        "negativeInteger",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
    ]
)
_NUMBERS = frozenset({"decimal", "float", "double"})
_TEXTS = frozenset({"string", "normalizedString", "token"})
_BOUNDS = {
    "maxLength": "maxLength",
    "minLength": "minLength",
    "minInclusive": "minimum",
    "maxInclusive": "maximum",
    "minExclusive": "exclusiveMinimum",
    "maxExclusive": "exclusiveMaximum",
}
_DIGITS = {"totalDigits": "x-digits", "fractionDigits": "x-fraction-digits"}
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?")
_MOST_DEPTH = 50

Lookup = Callable[[str], etree._Element | None]


def type_name(qualified: str | None) -> str:
    """Local part of a name such as ``xs:date``."""
    return (qualified or "").rpartition(":")[2]


def simple_type(node: etree._Element, lookup: Lookup, depth: int = 0) -> dict[str, Any]:
    """Shape of the type that ``node`` is, names (``type``, ``base``) or has inside.

    ``lookup`` finds the document's own named types. Built-in types become JSON's where there is
    one, with the name as ``format``.
    """
    if depth > _MOST_DEPTH:
        raise RecursionError("types are derived from one another in a circle")
    for child in node:
        if child.tag == f"{_XSD}restriction":
            return simple_type(child, lookup, depth + 1) | _facets(child)
        if child.tag == f"{_XSD}simpleType":
            return simple_type(child, lookup, depth + 1)
        if child.tag == f"{_XSD}list":
            item = child.get("itemType")
            return {"type": "array", "items": _by_name(item, lookup, depth + 1)}
        if child.tag == f"{_XSD}union":
            return {"anyOf": list(_members(child, lookup, depth))}
    return _by_name(node.get("type") or node.get("base"), lookup, depth)


def _by_name(qualified: str | None, lookup: Lookup, depth: int) -> dict[str, Any]:
    name = type_name(qualified)
    own = lookup(name)
    if own is not None:
        return simple_type(own, lookup, depth + 1)
    return built_in(name)


def built_in(name: str) -> dict[str, Any]:
    """Shape of a built-in type; of any other type its name is all that is known."""
    if name in _INTEGERS:
        return {"type": "integer", "format": name}
    if name in _NUMBERS:
        return {"type": "number", "format": name}
    if name in _TEXTS:
        return {"type": "string"}
    return {"type": "boolean"} if name == "boolean" else {"type": "string", "format": name}


def _members(union: etree._Element, lookup: Lookup, depth: int) -> Iterable[dict[str, Any]]:
    # By reference: spelt out, unions of unions would double at every step.
    for name in map(type_name, union.get("memberTypes", "").split()):
        yield built_in(name) if lookup(name) is None else {"$ref": f"#/$defs/{name}"}
    for child in union:
        if child.tag == f"{_XSD}simpleType":
            yield simple_type(child, lookup, depth + 1)


def _facets(restriction: etree._Element) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    for child in restriction:
        name, value = etree.QName(child).localname, child.get("value", "")
        if name == "enumeration":
            facets.setdefault("enum", []).append(value)
        elif name == "pattern":
            facets["pattern"] = f"{facets['pattern']}|{value}" if "pattern" in facets else value
        elif name == "length":
            facets |= {"minLength": int(value), "maxLength": int(value)}
        elif name in _DIGITS:
            facets[_DIGITS[name]] = int(value)
        elif name in _BOUNDS and _NUMBER.fullmatch(value):
            facets[_BOUNDS[name]] = float(value) if "." in value else int(value)
        else:
            facets[f"facet {name}"] = value
    return facets
