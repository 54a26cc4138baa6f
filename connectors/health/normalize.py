"""The Ministry of Health's XML batches: notices of birth and death, and statistics."""

from __future__ import annotations

from collections.abc import Iterator

from connectors._kit.content import XML
from connectors._kit.contract import Item, RawMessage, Rules
from connectors._kit.xml import choose, parse_xml
from connectors.health import statistics, vital_events

CONTENT_TYPES = XML

_DOCUMENTS = {
    (vital_events.NAMESPACE, vital_events.NAME): vital_events.read,
    (statistics.NAMESPACE, statistics.NAME): statistics.read,
}


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The records of a batch of either kind; the document element tells which it is."""
    root = parse_xml(raw, rules.limits, CONTENT_TYPES)
    yield from choose(root, _DOCUMENTS)(root, raw, rules)
