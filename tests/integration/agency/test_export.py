"""Exports: the same bytes whenever they are made, whole or not at all, and on record."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.agency.dictionary import columns_of, dictionary
from hub.agency.export import QUIET, Order, export, order
from hub.evidence import audit, operators
from hub.evidence.declined import Declined
from hub.registry.writer import write
from hub.store.database import Database
from tests.integration.registry.events import turmoil
from tests.integration.registry.writing import NOW, put

pytestmark = pytest.mark.database

LATER = NOW + timedelta(days=30)
EVENTS = turmoil(seed=5, size=400)
WANTED = Order("contracts", "a test", as_of=LATER, known_at=NOW + timedelta(hours=1))


@pytest.fixture
def token(database: Database) -> Iterator[str]:
    with database.transaction() as tx:
        yield operators.add(tx, "root", None, NOW)


@pytest.fixture
def filled(database: Database, token: str) -> Database:
    with database.transaction() as tx:
        write(tx, EVENTS[:200], NOW)
    return database


def made(database: Database, token: str, folder: Path, wanted: Order = WANTED) -> bytes:
    export(database, token, wanted, folder, LATER)
    return (folder / f"{wanted.stem}.csv").read_bytes()


def manifest(folder: Path, wanted: Order = WANTED) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((folder / f"{wanted.stem}.json").read_bytes())
    return found


def test_an_export_has_a_row_for_each_row_of_the_view_and_a_manifest(
    filled: Database, token: str, tmp_path: Path
) -> None:
    body = made(filled, token, tmp_path)
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    told = manifest(tmp_path)
    assert len(rows) == told["rows"] > 0
    assert list(rows[0]) == told["columns"]
    assert (told["bytes"], told["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert (told["view"], told["purpose"], told["exportedBy"]) == ("contracts", "a test", "root")


def test_as_known_then_the_export_is_the_same_byte_for_byte_whatever_came_since(
    filled: Database, token: str, tmp_path: Path
) -> None:
    before = made(filled, token, tmp_path / "before")
    with filled.transaction() as tx:
        write(tx, EVENTS[200:], NOW + timedelta(hours=2))
    assert made(filled, token, tmp_path / "after") == before
    now = Order("contracts", "a test", as_of=LATER, known_at=LATER)
    assert made(filled, token, tmp_path / "now", now) != before


def test_an_interrupted_export_goes_on_and_ends_the_same(
    filled: Database, token: str, tmp_path: Path
) -> None:
    whole = made(filled, token, tmp_path / "whole")
    part = tmp_path / f"{WANTED.stem}.csv.part"
    for size in (0, 1, len(whole) // 2, len(whole)):
        part.write_bytes(whole[:size])
        assert made(filled, token, tmp_path) == whole
        assert not part.exists()


@pytest.mark.parametrize("spoil", [lambda body: b"x" + body[1:50], lambda body: body + b"more"])
def test_what_is_no_beginning_of_this_export_is_not_gone_on_with(
    filled: Database, token: str, tmp_path: Path, spoil: Any
) -> None:
    whole = made(filled, token, tmp_path / "whole")
    part = tmp_path / f"{WANTED.stem}.csv.part"
    part.write_bytes(spoil(whole))
    with pytest.raises(Declined, match="export-differs"):
        export(filled, token, WANTED, tmp_path, LATER)
    assert part.exists()


def test_an_export_that_fails_leaves_no_finished_file_and_no_trace(
    filled: Database, token: str, tmp_path: Path
) -> None:
    def full(size: int) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        export(filled, token, WANTED, tmp_path, LATER, full)
    assert not list(tmp_path.glob("*.csv"))
    with filled.transaction() as tx:
        assert audit.about(tx, "view:contracts") == []


def test_who_exported_what_and_why_is_on_record(
    filled: Database, token: str, tmp_path: Path
) -> None:
    made(filled, token, tmp_path)
    with filled.transaction() as tx:
        (act,) = audit.about(tx, "view:contracts")
    assert (act["actor"], act["action"], act["reason"]) == ("root", "exported", "a test")
    assert act["detail"]["sha256"] == manifest(tmp_path)["sha256"]


def test_nobody_exports_without_a_token(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(Declined, match="not-authenticated"):
        export(filled, "guess", WANTED, tmp_path, LATER)


@pytest.mark.parametrize("view", dictionary().views)
def test_every_view_can_be_exported(
    filled: Database, token: str, tmp_path: Path, view: str
) -> None:
    wanted = order(view, "a test", None, None, LATER)
    assert made(filled, token, tmp_path, wanted).startswith(b",".join(
        name.encode() for name in columns_of(dictionary().views[view])
    ))  # fmt: skip


def test_an_order_is_completed_with_now_and_what_was_known_safely() -> None:
    told = order("contracts", " claims ", None, None, LATER)
    assert told == Order("contracts", "claims", LATER, LATER - QUIET)


@pytest.mark.parametrize(
    ("view", "purpose", "as_of", "known_at", "rule"),
    [
        ("nothing", "p", None, None, "view-unknown"),
        ("contracts", " ", None, None, "purpose-missing"),
        ("analysis_excise", "p", LATER, None, "view-without-history"),
        ("contracts", "p", None, LATER, "known-too-recent"),
    ],
)
def test_what_cannot_be_exported_is_declined(
    view: str, purpose: str, as_of: datetime | None, known_at: datetime | None, rule: str
) -> None:
    with pytest.raises(Declined, match=rule):
        order(view, purpose, as_of, known_at, LATER)


def test_dates_and_times_are_in_utc_whatever_the_server_thinks(
    database: Database, token: str, tmp_path: Path
) -> None:
    with database.transaction() as tx:
        tx.execute("SET TimeZone = 'Asia/Baku'")
    put(database, *turmoil(seed=5, size=50))
    rows = list(csv.DictReader(io.StringIO(made(database, token, tmp_path).decode())))
    assert {datetime.fromisoformat(row["recorded_at"]).utcoffset() for row in rows} == {
        timedelta(0)
    }
    assert {date.fromisoformat(row["start_date"]) for row in rows} == {date(2026, 1, 3)}
