from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from schemas.catalogue import records
from schemas.export import FOLDER, documents, drift, main, write
from tests.unit.schemas.samples import EXAMPLES


def schema_of(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = orjson.loads((FOLDER / f"{kind}.v1.json").read_bytes())
    return schema


def test_the_exported_schemas_are_those_of_the_code() -> None:
    assert drift() == [], "run python -m schemas.export"


def test_there_is_a_schema_of_every_record_and_of_every_other_document() -> None:
    others = ("event", "grant", "manifest", "manifest_answer", "notice", "receipt", "subscriber")
    assert documents().keys() == {f"{kind}.v1.json" for kind in (*records(), *others)}


@pytest.mark.parametrize("kind", [*sorted(EXAMPLES), "event", "notice", "receipt"])
def test_a_schema_is_valid_itself_and_names_itself(kind: str) -> None:
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:az:itsda:schema:{kind}.v1"


@pytest.mark.parametrize("record_type", sorted(EXAMPLES))
def test_an_example_fits_its_schema_and_a_spoilt_one_does_not(record_type: str) -> None:
    validator = Draft202012Validator(schema_of(record_type))
    example = EXAMPLES[record_type]
    assert validator.is_valid(example)
    assert not validator.is_valid({**example, "bloodGroup": "0"})
    for name in example:
        assert not validator.is_valid({**example, name: None})
        assert not validator.is_valid({**example, name: -1})


@pytest.mark.parametrize("record_type", sorted(EXAMPLES))
def test_schema_and_code_require_the_same_fields(record_type: str) -> None:
    fields = records()[record_type].model_fields.values()
    required = {field.alias for field in fields if field.is_required()}
    assert set(schema_of(record_type)["required"]) == required


@pytest.mark.parametrize("record_type", sorted(EXAMPLES))
def test_a_schema_carries_the_clause_and_the_handling_label(record_type: str) -> None:
    schema = schema_of(record_type)
    assert schema["x-category"] == records()[record_type].category
    assert schema["x-classification"] == records()[record_type].classification


def test_writing_adds_replaces_and_removes(tmp_path: Path) -> None:
    (tmp_path / "person.v1.json").write_text("{}")
    (tmp_path / "gone.v1.json").write_text("{}")
    assert {"person.v1.json", "gone.v1.json", "event.v1.json"} <= set(drift(tmp_path))
    write(tmp_path)
    assert drift(tmp_path) == []
    assert not (tmp_path / "gone.v1.json").exists()


def test_checking_names_the_drifted_file_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""
    (tmp_path / "person.v1.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.startswith("person.v1.json differs")
    assert (tmp_path / "person.v1.json").read_text() == "{}"
