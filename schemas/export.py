"""JSON Schema of every document and every canonical record, as files for those outside Python.

``python -m schemas.export`` writes ``schemas/json``; with ``--check`` it only compares and exits
with 1 if a file is missing, stale or different.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from schemas.catalogue import records
from schemas.envelope import SCHEMA_PREFIX, Event
from schemas.grant_document import GrantDocument
from schemas.manifest import ManifestAnswer, ManifestDocument
from schemas.notice import NoticeDocument
from schemas.receipt import ReceiptDocument
from schemas.subscriber_document import SubscriberDocument

FOLDER = Path(__file__).parent / "json"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FORMAT = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class _OnTheWire(GenerateJsonSchema):
    """Absent fields are left out of our JSON, so null is nowhere allowed."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def documents() -> dict[str, bytes]:
    """File name → contents, for documents of all kinds and each record, deterministically."""
    others: dict[str, type[BaseModel]] = {
        "event.v1": Event,
        "grant.v1": GrantDocument,
        "manifest.v1": ManifestDocument,
        "manifest_answer.v1": ManifestAnswer,
        "notice.v1": NoticeDocument,
        "receipt.v1": ReceiptDocument,
        "subscriber.v1": SubscriberDocument,
    }
    found = {kind: _document(model, kind, {}) for kind, model in others.items()}
    for record_type, record_class in records().items():
        kind = f"{record_type}.v{record_class.record_version}"
        labels = {
            "x-category": record_class.category.value,
            "x-classification": record_class.classification.value,
        }
        found[kind] = _document(record_class, kind, labels)
    return {f"{kind}.json": orjson.dumps(schema, option=_FORMAT) for kind, schema in found.items()}


def drift(folder: Path = FOLDER) -> list[str]:
    """Names of files that differ from what the code says, are missing or no longer belong."""
    expected = documents()
    present = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    names = sorted(expected.keys() | present.keys())
    return [name for name in names if expected.get(name) != present.get(name)]


def write(folder: Path = FOLDER) -> None:
    """Make the folder hold exactly the documents."""
    folder.mkdir(exist_ok=True)
    expected = documents()
    for path in folder.glob("*.json"):
        if path.name not in expected:
            path.unlink()
    for name, contents in expected.items():
        (folder / name).write_bytes(contents)


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write the files, or compare them if ``--check`` is given; return the exit status."""
    if "--check" not in arguments:
        write(folder)
        return 0
    drifted = drift(folder)
    for name in drifted:
        sys.stdout.write(f"{name} differs from the code; run python -m schemas.export\n")
    return 1 if drifted else 0


def _document(model: type[BaseModel], kind: str, labels: Mapping[str, str]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_OnTheWire, mode="serialization")
    return {"$schema": _DRAFT, "$id": SCHEMA_PREFIX + kind, **labels, **schema}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
