"""Documents that differ in how they are written and say the same: they become the same.

``samples/twins/<case>.plain.<ext>`` is written as the contract has it, every other
``<case>.<way>.<ext>`` in another encoding, with other prefixes, in the old script and so on.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from tests.connectors.contracts import contract_faults
from tests.connectors.golden import normalized, raw_message, written

CONNECTORS = discover()
ABOUT_BYTES = {
    *("utf-8-mark", "utf-16-little", "utf-16-big", "windows-1254", "no-declaration", "cdata"),
    *("comments-inside-values", "spaced", "prefixed", "namespace-moved", "references"),
    *("comments-and-instructions", "escaped", "compact", "other-order"),
}
"""Ways that leave the document the same to any parser: the schema must see no difference."""


def twins(connector: Connector) -> list[Path]:
    return sorted((connector.folder / "samples" / "twins").glob("*"))


ALL = [
    pytest.param(connector, twin, id=f"{name}-{twin.stem}")
    for name, connector in CONNECTORS.items()
    for twin in twins(connector)
]


def plain(twin: Path) -> Path:
    case = twin.name.partition(".")[0]
    return twin.with_name(f"{case}.plain{twin.suffix}")


def way(twin: Path) -> str:
    return twin.stem.partition(".")[2]


def without_spelling(value: Any) -> Any:
    """What was said, without how: texts as received are kept beside the normalized ones, and
    instants with the offset they came in."""
    if isinstance(value, dict):
        spelling = ("namesAsReceived", "received", "occurredAt")
        said = {key: without_spelling(part) for key, part in value.items() if key not in spelling}
        if "occurredAt" in value:
            said["at"] = datetime.fromisoformat(value["occurredAt"])
        return said
    return [without_spelling(part) for part in value] if isinstance(value, list) else value


def said(connector: Connector, document: Path) -> Any:
    raw = raw_message(connector, document.read_bytes(), document.suffix)
    return [without_spelling(written(item)) for item in normalized(connector, raw)]


@pytest.mark.parametrize(("connector", "twin"), ALL)
def test_a_twin_says_what_the_plain_document_says(connector: Connector, twin: Path) -> None:
    told = said(connector, twin)
    assert told == said(connector, plain(twin))
    assert not any("refused" in item for item in told)


@pytest.mark.parametrize(("connector", "twin"), ALL)
def test_the_schema_sees_no_difference_either(connector: Connector, twin: Path) -> None:
    if way(twin) in ABOUT_BYTES | {"plain"}:
        raw = raw_message(connector, twin.read_bytes(), twin.suffix)
        assert contract_faults(connector, raw, twin.suffix) == []


def test_every_connector_that_reads_xml_is_shown_every_way_of_writing_it() -> None:
    in_xml = {name for name in ABOUT_BYTES if name not in ("escaped", "compact", "other-order")}
    for connector in CONNECTORS.values():
        shown = {way(twin) for twin in twins(connector) if twin.suffix == ".xml"}
        reads = any(kind.endswith("xml") for kind in connector.content_types)
        assert not reads or in_xml <= shown
