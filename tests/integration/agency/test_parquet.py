"""Exports as Parquet: what the CSV has, typed, and the same bytes as known then."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from pyarrow import parquet as pq

from hub.agency import export as exports
from hub.agency import parquet
from hub.agency.dictionary import columns_of, dictionary
from hub.agency.export import Form, Order, export, order
from hub.evidence import operators
from hub.evidence.declined import Declined
from hub.registry.writer import write
from hub.store.database import Database
from schemas.errors import Stop
from tests.integration.agency.samples import golden_events
from tests.integration.registry.events import turmoil
from tests.integration.registry.writing import NOW

pytestmark = pytest.mark.database

LATER = NOW + timedelta(days=30)
EVENTS = turmoil(seed=5, size=200)
KNOWN = NOW + timedelta(hours=1)
WANTED = Order("contracts", "a test", LATER, KNOWN, Form.PARQUET)


@pytest.fixture
def token(database: Database) -> Iterator[str]:
    with database.transaction() as tx:
        write(tx, [*golden_events(), *EVENTS[:100]], NOW)
        yield operators.add(tx, "root", None, NOW)


def made(database: Database, token: str, folder: Path, wanted: Order = WANTED) -> bytes:
    export(database, token, wanted, folder, LATER)
    return (folder / wanted.file).read_bytes()


@pytest.mark.parametrize("view", dictionary().views)
def test_parquet_holds_what_the_csv_holds_with_the_dictionarys_types(
    database: Database, token: str, tmp_path: Path, view: str
) -> None:
    wanted = order(view, "a test", None, None, LATER, Form.PARQUET)
    body = made(database, token, tmp_path, wanted)
    told = orjson.loads((tmp_path / wanted.manifest).read_bytes())
    assert told["sha256"] == hashlib.sha256(body).hexdigest()
    assert told["writer"].startswith("pyarrow ")
    table = pq.read_table(tmp_path / wanted.file)
    assert table.column_names == list(columns_of(dictionary().views[view]))
    plain = replace(wanted, form=Form.CSV)
    text = made(database, token, tmp_path, plain).decode()
    rows = list(csv.reader(text.splitlines()))
    assert table.num_rows == told["rows"] == len(rows) - 1
    for read, row in zip(table.to_pylist(), rows[1:], strict=True):
        for value, said in zip(read.values(), row, strict=True):
            assert _same(value, said)


def _same(value: Any, said: str) -> bool:
    match value:
        case None:
            return said == ""
        case bool():
            return said == ("t" if value else "f")
        case Decimal() | int():
            return Decimal(said) == value
        case str():
            return said == value
        case _:
            return said.startswith(str(value)[:10])


def test_as_known_then_the_bytes_are_the_same_whatever_came_since(
    database: Database, token: str, tmp_path: Path
) -> None:
    before = made(database, token, tmp_path / "before")
    with database.transaction() as tx:
        write(tx, EVENTS[100:], NOW + timedelta(hours=2))
    assert made(database, token, tmp_path / "after") == before
    now = replace(WANTED, known_at=LATER)
    assert made(database, token, tmp_path / "now", now) != before


def test_an_interrupted_export_goes_on_and_ends_the_same(
    database: Database, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_GROUP_ROWS", 1)
    whole = made(database, token, tmp_path / "whole")
    assert pq.ParquetFile(tmp_path / "whole" / WANTED.file).num_row_groups > 1
    part = tmp_path / f"{WANTED.file}.part"
    part.write_bytes(whole[: len(whole) // 2])
    assert made(database, token, tmp_path) == whole
    part.write_bytes(b"x" + whole[1:50])
    with pytest.raises(Declined, match="export-differs"):
        export(database, token, WANTED, tmp_path, LATER)


def test_a_number_that_does_not_fit_is_an_error_and_not_rounded(tmp_path: Path) -> None:
    columns = {"wage": columns_of(dictionary().views["contracts"])["wage"]}
    sink = exports._File((tmp_path / "x").open("w+b"), 0, lambda _: None)
    with pytest.raises(Exception, match="data loss"):
        parquet.write(columns, [[{"wage": Decimal("0.00000001")}]], sink)
    sink.file.close()


def test_without_the_extra_it_is_said_what_to_install(
    database: Database, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Stop, match=r"qovsaq\[parquet\]"):
        export(database, token, WANTED, tmp_path, LATER)
