from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import schemas
from schemas import catalogue
from schemas.errors import Refused, Stop
from schemas.person import Person

RECORD = '''
"""A record of a test."""
from schemas.record import CanonicalRecord, Category

class Parcel(CanonicalRecord):
    """A parcel."""
    record_type = "{record_type}"
    record_version = {version}
    category = Category.C31
'''


@pytest.fixture
def extra_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules count as modules of ``schemas``, as if files had been added."""
    monkeypatch.setattr(schemas, "__path__", [*schemas.__path__, str(tmp_path)])
    catalogue.forget()
    yield tmp_path
    catalogue.forget()


def test_a_record_is_found_by_type_and_version() -> None:
    assert catalogue.record_class("person", 1) is Person
    assert catalogue.records()["person"] is Person


def test_records_are_listed_in_a_stable_order() -> None:
    assert list(catalogue.records()) == sorted(catalogue.records())


@pytest.mark.parametrize(("record_type", "version"), [("person", 2), ("parcel", 1), ("", 1)])
def test_an_unknown_record_is_refused(record_type: str, version: int) -> None:
    with pytest.raises(Refused, match="unknown-record"):
        catalogue.record_class(record_type, version)


def test_a_new_file_is_a_new_record(extra_schemas: Path) -> None:
    (extra_schemas / "parcel_once.py").write_text(RECORD.format(record_type="parcel", version=1))
    assert catalogue.records()["parcel"].__name__ == "Parcel"
    assert catalogue.record_class("parcel", 1) is catalogue.records()["parcel"]


def test_the_newest_version_is_the_one_listed(extra_schemas: Path) -> None:
    for version in (10, 9, 1):
        source = RECORD.format(record_type="parcel", version=version)
        (extra_schemas / f"parcel_v{version}.py").write_text(source)
    assert catalogue.records()["parcel"] is catalogue.record_class("parcel", 10)
    assert catalogue.record_class("parcel", 9) is not catalogue.record_class("parcel", 10)


def test_two_records_of_one_name_stop_the_process(extra_schemas: Path) -> None:
    (extra_schemas / "second_person.py").write_text(RECORD.format(record_type="person", version=1))
    with pytest.raises(Stop, match=r"person\.v1 is defined twice"):
        catalogue.records()


def test_a_list_once_handed_out_cannot_spoil_the_catalogue() -> None:
    catalogue.records().clear()
    assert "person" in catalogue.records()
