"""The one XML parser: hardened, bounded, and path-aware when an element is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

from lxml import etree

from connectors._kit.content import check_content_type
from connectors._kit.contract import Limits, RawMessage
from connectors._kit.encoding import decode_xml
from connectors._kit.source import check_count, check_marks, check_text, presentable
from schemas.errors import Refused

_T = TypeVar("_T")


def parse_xml(raw: RawMessage, limits: Limits, accepted: tuple[str, ...]) -> etree._Element:
    """Root element of the message's body.

    Raises ``Refused``: ``too-large``, ``content-type``, ``encoding``, ``xml-doctype``,
    ``too-deep``, ``xml-syntax``.
    """
    if len(raw.body) > limits.max_bytes:
        raise Refused("too-large", "", f"more than {limits.max_bytes} bytes")
    charset = check_content_type(raw.content_type, accepted)
    return parse_text(decode_xml(raw.body, charset), limits)


def parse_text(text: str, limits: Limits) -> etree._Element:
    """Root element of a decoded document; what could hurt is refused before it is parsed."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Refused("xml-doctype", "", "document types and entities are not allowed")
    data = text.encode()
    check_marks(data, (b"<", b"="), limits)
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise _refusal(error) from None
    if _deeper_than(limits.max_depth)(root):
        raise Refused("too-deep", "", f"nested more than {limits.max_depth} levels")
    return root


def _parser() -> etree.XMLParser:
    """A fresh parser: about 6 µs, and nothing a hostile document leaves in it outlives it."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


@lru_cache(maxsize=8)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def _refusal(error: etree.XMLSyntaxError) -> Refused:
    """libxml2's own bounds (256 levels, 10 MB a text) answer before ours when they are tighter."""
    explanation = str(error)
    if "Excessive depth" in explanation:
        return Refused("too-deep", "", "nested more than 256 levels")
    if "XML_PARSE_HUGE" in explanation:
        return Refused("too-large", "", "one text or name is too long")
    return Refused("xml-syntax", "", f"not well-formed XML at line {error.lineno}")


def choose(root: etree._Element, documents: Mapping[tuple[str, str], _T]) -> _T:
    """What the connector has for a document of this namespace and name; ``unknown-document``."""
    for (namespace, name), choice in documents.items():
        if root.tag == f"{{{namespace}}}{name}":
            return choice
    known = " or ".join(f"{name} in namespace {namespace}" for namespace, name in documents)
    raise Refused("unknown-document", "", f"expected {known}")


def open_xml(root: etree._Element, namespace: str, name: str, limits: Limits) -> Element:
    """The document element for reading; ``unknown-document`` unless it is ``{namespace}name``."""
    if root.tag != f"{{{namespace}}}{name}":
        raise Refused("unknown-document", "", f"expected {name} in namespace {namespace}")
    return Element(root, "", limits, f"{{{namespace}}}")


class Element:
    """An element of one namespace, its children indexed by local name in one pass.

    ``path`` is the sender's: ``Event[1]/Person``; ``""`` for the document element. Members of a
    foreign namespace keep their full name, so that ``only`` finds them.
    """

    __slots__ = ("_limits", "_members", "_prefix", "_source", "path")

    def __init__(self, source: etree._Element, path: str, limits: Limits, prefix: str) -> None:
        self.path = path
        self._source = source
        self._limits = limits
        self._prefix = prefix
        self._members: dict[str, list[etree._Element]] = {}
        for child in source:
            self._members.setdefault(self._local(child), []).append(child)

    def at(self, name: str) -> str:
        """Path of a child, ``@attribute`` or, for ``""``, of the element itself."""
        return f"{self.path}/{name}" if self.path and name else self.path or name

    def has(self, name: str) -> bool:
        """Whether the child or attribute says anything: a blank element is as good as none."""
        if name.startswith("@"):
            return bool(self._source.get(name[1:], "").strip())
        if not name:
            return bool((self._source.text or "").strip())
        return any(map(_says_anything, self._members.get(name, ())))

    def text(self, name: str) -> str:
        """Stripped text of the one child, attribute or, for ``""``, of the element itself."""
        return check_text(self._raw(name) or "", self, name, self._limits)

    def child(self, name: str) -> Element:
        """The one child element of this name."""
        return self._element(self._one(name), self.at(name))

    def children(self, name: str) -> list[Element]:
        """All child elements of this name; their paths count from 1."""
        return [child for _, child in self.each(name)]

    def each(self, *names: str) -> Iterator[tuple[str, Element]]:
        """Child elements of these names in document order; paths count from 1 for each name.

        More of them than records may be in a document are refused with ``too-many-records``.
        """
        counts = dict.fromkeys(names, 0)
        for child in self._source:
            name = self._local(child)
            if name in counts:
                counts[name] += 1
                check_count(counts[name], self._limits)
                yield name, self._element(child, f"{self.at(name)}[{counts[name]}]")

    def only(self, *names: str) -> None:
        """Refuse children and attributes beside these names."""
        # Attributes of a foreign namespace, such as xsi:schemaLocation, are about XML.
        plain = [name for name in map(str, self._source.attrib) if not name.startswith("{")]
        for name in (*self._members, *(f"@{name}" for name in plain)):
            if name not in names:
                raise Refused("unknown-field", self.at(presentable(name)), "not in the contract")

    def _element(self, source: etree._Element, path: str) -> Element:
        return Element(source, path, self._limits, self._prefix)

    def _local(self, child: etree._Element) -> str:
        tag: str = child.tag
        return tag.removeprefix(self._prefix)

    def _one(self, name: str) -> etree._Element:
        found = self._members.get(name)
        if not found:
            raise Refused("required", self.at(name), "must be given")
        if len(found) > 1:
            raise Refused("value", self.at(name), "given more than once")
        return found[0]

    def _raw(self, name: str) -> str | None:
        if name.startswith("@"):
            return self._source.get(name[1:])
        element = self._one(name) if name else self._source
        if len(element):
            raise Refused("type", self.at(name), "expected text, not elements")
        return element.text


def _says_anything(element: etree._Element) -> bool:
    return bool((element.text or "").strip() or len(element) or element.attrib)
