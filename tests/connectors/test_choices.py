"""Every choice that a record leaves is shown by a golden sample of some ministry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from connectors._kit.contract import Normalized
from connectors._kit.discover import discover
from schemas import export
from schemas.catalogue import records
from tests.connectors.golden import golden, normalized

SHOWN = [
    item.record
    for connector in discover().values()
    for sample in golden(connector)
    for item in normalized(connector, sample.raw)
    if isinstance(item, Normalized) and item.record is not None
]
NOT_SAID = {
    # No dialect has a word for them yet: parts that several records share have them.
    *(("sex", "unknown"), ("addressType", "actual"), ("origin", "imported")),
    *(("addressType", kind) for kind in ("legal", "registered", "stay")),
}


def choices(schema: Any, defined: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Field and value of everything a schema lists."""
    if "$ref" in schema:
        schema = defined[schema["$ref"].rpartition("/")[2]]
    yield from ((name, value) for value in schema.get("enum", ()))
    for part, inner in schema.get("properties", {}).items():
        yield from choices(inner, defined, part)
    if "items" in schema:
        yield from choices(schema["items"], defined, name)


def said(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from said(inner, part)
    elif isinstance(value, list):
        for inner in value:
            yield from said(inner, name)
    else:
        yield name, value


@pytest.mark.parametrize("record_type", sorted(records().keys() - {"staff_fact"}))
def test_every_choice_is_shown(record_type: str) -> None:
    schema = orjson.loads(export.documents()[f"{record_type}.v1.json"])
    shown = {
        pair
        for record in SHOWN
        if record.record_type == record_type
        for pair in said(record.model_dump(mode="json", exclude_none=True))
    }
    assert set(choices(schema, schema.get("$defs", {}))) - NOT_SAID - shown == set()
