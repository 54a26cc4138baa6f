"""Parsing alone: bytes to canonical events, in this process, without broker or database."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bulk import ndjson, xml
from benchmarks.country.files import Country, File
from connectors._kit.contract import Limits, RawMessage, Rules
from connectors._kit.discover import discover
from connectors._kit.portions import Size
from connectors._kit.split import split
from hub.intake.examining import examine
from schemas.envelope import encode_batch

_CONNECTORS, _RULES = discover(), Rules()


def parse(records: int) -> dict[str, float]:
    """CPU in µs a record: one JSON message each, chunks of NDJSON, chunks of XML, cutting both."""
    with tempfile.TemporaryDirectory(prefix="qovsaq-bench-") as folder:
        files = {
            "ndjson": ndjson(Path(folder), records),
            "xml": xml(Path(folder), records),
        }
        chunks, costs = {}, {}
        for name, file in files.items():
            began = time.process_time()
            chunks[name] = _chunks(file)
            costs[f"cut_{name}_us"] = _each(began, file.records)
    notices = [
        _raw("labour", "application/json", body) for body in Country().notices(range(records))
    ]
    for name, messages in {"json": notices, **chunks}.items():
        began, found = time.process_time(), 0
        for message in messages:
            found += _read(message)
        costs[f"{name}_us"] = _each(began, found)
    return costs


def _chunks(file: File) -> list[RawMessage]:
    pieces, connector = [file.path.read_bytes()], _CONNECTORS[file.ministry]
    cut = split(pieces, file.content_type, connector, Limits(), Size())
    return [_raw(file.ministry, chunk.content_type, chunk.body) for chunk in cut]


def _raw(ministry: str, content_type: str, body: bytes) -> RawMessage:
    return RawMessage(ministry, "bench", content_type, body, datetime.now(UTC))


def _read(message: RawMessage) -> int:
    held = examine(message, _CONNECTORS[message.ministry], _RULES)
    encode_batch([each.event for each in held if each.event])
    return len(held)


def _each(began: float, records: int) -> float:
    return round((time.process_time() - began) / records * 1e6, 1)
