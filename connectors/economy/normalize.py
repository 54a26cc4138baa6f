"""The Ministry of Economy's documents: taxpayers in JSON or XML, and returns in XML."""

from __future__ import annotations

from collections.abc import Iterator

from connectors._kit.content import JSON, XML, check_content_type
from connectors._kit.contract import Item, RawMessage, Rules
from connectors._kit.json import parse_json
from connectors._kit.xml import choose, parse_xml
from connectors.economy import excise, payroll, taxpayers_json, taxpayers_xml

CONTENT_TYPES = (*JSON, *XML)

_XML_DOCUMENTS = {
    (taxpayers_xml.NAMESPACE, taxpayers_xml.NAME): taxpayers_xml.read,
    (payroll.NAMESPACE, payroll.NAME): payroll.read,
    (excise.NAMESPACE, excise.NAME): excise.read,
}


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The records of a document; content type and, in XML, document element tell its kind."""
    check_content_type(raw.content_type, CONTENT_TYPES)
    if raw.content_type.partition(";")[0].strip().lower() in JSON:
        yield from taxpayers_json.read(parse_json(raw, rules.limits, JSON), raw, rules)
        return
    root = parse_xml(raw, rules.limits, XML)
    yield from choose(root, _XML_DOCUMENTS)(root, raw, rules)
