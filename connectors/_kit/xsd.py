"""An XML Schema read as the shape of its documents: JSON Schema in form, so that it compares.

An element that holds others is an object whose attributes are properties named ``@name`` and
whose own text is ``#text``; every child element is an array, since it may come in the plural;
``x-order`` keeps the order of a sequence. Only what is written in the one document is read:
nothing is imported, and a type from elsewhere is known by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from connectors._kit.xsd_types import built_in, simple_type, type_name

XSD = "{http://www.w3.org/2001/XMLSchema}"
Shape = dict[str, Any]

_PARTICLES = {f"{XSD}{name}" for name in ("sequence", "choice", "all", "group", "element", "any")}
_ELEMENT, _COMPLEX, _SIMPLE = (f"{XSD}{kind}" for kind in ("element", "complexType", "simpleType"))
_MOST_STEPS = 50_000


@dataclass
class _Content:
    """What a complex type holds, gathered from its particles, its attributes and its base."""

    properties: Shape = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    choices: list[Shape] = field(default_factory=list)
    open: bool = False

    def shape(self) -> Shape:
        """Put it down as an object."""
        shape: Shape = {
            "type": "object",
            "properties": self.properties,
            "required": sorted(self.required),
            "additionalProperties": self.open,
            "x-order": self.order,
        }
        return shape | ({"allOf": self.choices} if self.choices else {})


class XmlSchema:
    """What one or several ``xs:schema`` define: global elements and types by name."""

    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self._globals = {(node.tag, node.get("name", "")): node for root in roots for node in root}
        self._steps = 0

    def elements(self) -> Shape:
        """Give a reference to the shape of every global element, by its name."""
        names = (name for tag, name in self._globals if tag == _ELEMENT)
        return {name: _reference(f"element {name}") for name in names}

    def definitions(self) -> Shape:
        """Give all shapes that references lead to: of elements and of named types."""
        shapes: Shape = {}
        for (tag, name), node in self._globals.items():
            if tag == _ELEMENT:
                shapes[f"element {name}"] = self._typed(node)
            elif tag == _COMPLEX:
                shapes[name] = self._complex(node)
            elif tag == _SIMPLE:
                shapes[name] = simple_type(node, self._simple)
        return shapes

    def _typed(self, node: etree._Element) -> Shape:
        """Shape of an element or attribute by its type, which is named or stands inside it."""
        fixed = {"const": node.get("fixed")} if node.get("fixed") is not None else {}
        for child in node:
            if child.tag == _COMPLEX:
                return self._complex(child)
            if child.tag == _SIMPLE:
                return simple_type(child, self._simple) | fixed
        return self._named(node) if not fixed else simple_type(node, self._simple) | fixed

    def _named(self, node: etree._Element) -> Shape:
        name = type_name(node.get("type"))
        if (_COMPLEX, name) in self._globals or (_SIMPLE, name) in self._globals:
            return _reference(name)
        return built_in(name) if name else {}

    def _simple(self, name: str) -> etree._Element | None:
        return self._globals.get((_SIMPLE, name))

    def _complex(self, node: etree._Element) -> Shape:
        content = _Content()
        self._gather(node, content)
        if node.get("mixed") == "true":
            content.properties["#text"] = {"type": "string"}
        return content.shape()

    def _gather(self, node: etree._Element, content: _Content) -> None:
        """Add what a complex type, or an extension or restriction in it, says."""
        self._step()
        for child in node:
            if child.tag in _PARTICLES:
                self._particle(child, content, optional=False, most="1")
            elif child.tag in (f"{XSD}complexContent", f"{XSD}simpleContent"):
                self._gather(child, content)
            elif child.tag in (f"{XSD}extension", f"{XSD}restriction"):
                self._derived(child, content)
        self._attributes(node, content)

    def _derived(self, node: etree._Element, content: _Content) -> None:
        base = self._globals.get((_COMPLEX, type_name(node.get("base"))))
        if base is None:
            content.properties["#text"] = simple_type(node, self._simple)
        elif node.tag == f"{XSD}extension":
            self._gather(base, content)
        self._gather(node, content)

    def _particle(
        self, node: etree._Element, content: _Content, *, optional: bool, most: str
    ) -> None:
        self._step()
        optional = optional or node.get("minOccurs") == "0"
        most = node.get("maxOccurs", "1") if most == "1" else most
        if node.tag == _ELEMENT:
            self._child(node, content, optional=optional, most=most)
        elif node.tag == f"{XSD}any":
            content.open = True
        elif node.tag == f"{XSD}choice":
            self._choice(node, content, optional=optional, most=most)
        else:
            for part in self._parts(node):
                self._particle(part, content, optional=optional, most=most)

    def _parts(self, node: etree._Element) -> Iterator[etree._Element]:
        group = self._globals.get((node.tag, type_name(node.get("ref"))), node)
        return (part for part in group if part.tag in _PARTICLES)

    def _choice(
        self, node: etree._Element, content: _Content, *, optional: bool, most: str
    ) -> None:
        """Children of a choice are optional one by one; which sets there are is a condition."""
        ways = []
        for part in self._parts(node):
            way = _Content()
            self._particle(part, way, optional=False, most=most)
            ways.append({"required": sorted(way.required)})
            content.properties |= way.properties
        if ways and not optional:
            content.choices.append({"anyOf": ways})

    def _child(self, node: etree._Element, content: _Content, *, optional: bool, most: str) -> None:
        name = node.get("name") or type_name(node.get("ref"))
        shape: Shape = {"type": "array", "x-repeats": True}
        shape["items"] = _reference(f"element {name}") if node.get("ref") else self._typed(node)
        if most != "unbounded":
            shape["maxItems"] = int(most)
        if int(node.get("minOccurs", "1")) > 1:
            shape["minItems"] = int(node.get("minOccurs", "1"))
        content.properties[name] = shape
        content.order.append(name)
        if not optional:
            content.required.append(name)

    def _attributes(self, node: etree._Element, content: _Content) -> None:
        self._step()
        for child in node:
            if child.tag == f"{XSD}attribute" and child.get("use") != "prohibited":
                name = "@" + (child.get("name") or type_name(child.get("ref")))
                content.properties[name] = self._typed(child)
                if child.get("use") == "required":
                    content.required.append(name)
            elif child.tag == f"{XSD}attributeGroup":
                group = self._globals.get((child.tag, type_name(child.get("ref"))))
                if group is not None:
                    self._attributes(group, content)
            elif child.tag == f"{XSD}anyAttribute":
                content.open = True

    def _step(self) -> None:
        """Count, since groups that contain each other twice double at every level."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise RecursionError("the schema is too intricate, or runs in a circle")


def _reference(name: str) -> Shape:
    return {"$ref": f"#/$defs/{name}"}
