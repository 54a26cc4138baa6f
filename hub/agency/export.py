"""Exports of published views: a file, what is in it, and the means to make the same one again.

An export is a function of view, ``as_of`` and ``known_at``: whoever makes it again, with whatever
arrived since, gets the same bytes. So an export that was interrupted goes on by being made again,
and what is on disk already is compared and not written.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, LiteralString

import orjson

from hub.agency import parquet
from hub.agency.dictionary import SCHEMA, Column, View, columns_of, dictionary
from hub.evidence import audit, blocks, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.store.database import Database, Statement, Transaction
from hub.store.statements import Part, compose, listed, literal

_GROUP_ROWS = 20_000
"""Rows in one group of a Parquet file: what is in memory at a time."""

QUIET = timedelta(minutes=2)
"""How long ago ``known_at`` must be: until then a writer may still commit what it dated before."""

_SELECT: LiteralString = "SELECT {columns} FROM {source} WHERE {open} ORDER BY {order}"
_COPY: LiteralString = "COPY ({select}) TO STDOUT WITH (FORMAT csv, HEADER)"
_WITHHELD: LiteralString = "SELECT count(*) AS rows FROM {source} WHERE NOT ({open})"
_OPEN: LiteralString = """
NOT EXISTS (SELECT FROM agency.blocked WHERE substring(blocked.subject FROM '[^:]*$') = {about})
"""
_IN_UTC = """
SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true),
    set_config('jit', 'off', true)
"""


class Form(StrEnum):
    """How an export is written."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Order:
    """What to export, in which form. ``as_of`` and ``known_at`` (aware) are None for what is only
    kept as it is now. ``purpose`` is why (decree 2.10.7)."""

    view: str
    purpose: str
    as_of: datetime | None = None
    known_at: datetime | None = None
    form: Form = Form.CSV

    @property
    def stem(self) -> str:
        """Name of its files, without an ending."""
        moments = [moment for moment in (self.as_of, self.known_at) if moment]
        return "-".join([self.view, *(f"{moment:%Y%m%dT%H%M%S%z}" for moment in moments)])

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.stem}.{self.form}"

    @property
    def manifest(self) -> str:
        """Name of its manifest."""
        return f"{self.stem}.json" if self.form is Form.CSV else f"{self.file}.json"

    def copy(self) -> Statement:
        """The one statement that makes it as CSV."""
        columns = listed(columns_of(dictionary().views[self.view]))
        return compose(_COPY, select=self._select(columns))

    def query(self) -> Statement:
        """The one statement that reads it; JSON comes as its text."""
        columns = columns_of(dictionary().views[self.view]).items()
        return self._select(listed(_as_read(name, column) for name, column in columns))

    def _select(self, columns: Part) -> Statement:
        view = dictionary().views[self.view]
        return compose(
            _SELECT,
            columns=columns,
            source=self._source(),
            open=self._open(),
            order=listed(_ordered(view, name) for name in view.key),
        )

    def withheld(self) -> Statement:
        """The statement that counts the rows it leaves out: of persons who are blocked."""
        return compose(_WITHHELD, source=self._source(), open=self._open())

    def _open(self) -> Part:
        about = dictionary().views[self.view].about
        return compose(_OPEN, about=about) if about else compose("true")

    def _source(self) -> Part:
        if self.as_of is None or self.known_at is None:
            return SCHEMA, self.view
        return compose(
            "{name} ({as_of}, {known_at})",
            name=(SCHEMA, f"{self.view}_at"),
            as_of=literal(self.as_of.isoformat()),
            known_at=literal(self.known_at.isoformat()),
        )


@dataclass(slots=True)
class _File:
    """A file that is made again from its beginning, and written from where it ended."""

    file: IO[bytes]
    there: int
    progress: Callable[[int], None]
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, piece: memoryview) -> None:
        self.digest.update(piece)
        kept = min(max(self.there - self.size, 0), len(piece))
        if self.file.read(kept) != piece[:kept]:
            raise Declined("export-differs", "what is on disk is not the beginning of this export")
        self.file.write(piece[kept:])
        self.size += len(piece)
        self.progress(self.size)


def order(
    view: str,
    purpose: str,
    as_of: datetime | None,
    known_at: datetime | None,
    now: datetime,
    form: Form = Form.CSV,
) -> Order:
    """Complete an order: as of now and as known two minutes ago, unless it says otherwise.

    Raises ``Declined`` (``view-unknown``, ``view-without-history``, ``known-too-recent``,
    ``purpose-missing``).
    """
    if view not in dictionary().views:
        raise Declined("view-unknown", f"one of: {', '.join(dictionary().views)}")
    if not purpose.strip():
        raise Declined("purpose-missing", "say what the export is for (decree 2.10.7)")
    if not dictionary().views[view].historic:
        if as_of or known_at:
            raise Declined("view-without-history", "this view is kept as it is now only")
        return Order(view, purpose.strip(), form=form)
    known_at = known_at or now - QUIET
    if known_at > now - QUIET:
        raise Declined("known-too-recent", "at least two minutes ago: writers may still commit")
    return Order(view, purpose.strip(), as_of or now, known_at, form)


def export(
    database: Database,
    token: str | None,
    wanted: Order,
    folder: Path,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write the file and its manifest; return the manifest.

    The bytes are on the disk before the file has its name. Raises ``Declined``
    (``not-authenticated``, ``export-differs``), and ``Stop`` where Parquet cannot be written.
    """
    writer = parquet.installed() if wanted.form is Form.PARQUET else "PostgreSQL"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{wanted.file}.part"
    part.touch(mode=0o600)
    with part.open("r+b") as file, database.transaction() as tx:
        by = operators.authenticate_for_persons(tx, token).name
        tx.execute(_IN_UTC)
        out = _File(file, part.stat().st_size, progress)
        rows = _made(tx, wanted, out)
        if out.size < out.there:
            raise Declined("export-differs", "what is on disk is longer than this export")
        file.flush()
        os.fsync(file.fileno())
        manifest = _manifest(wanted, rows, out, by, now)
        manifest |= {"writer": writer, "withheld": _withheld(tx, wanted)}
        detail = {name: manifest[name] for name in ("rows", "sha256", "withheld")}
        audit.record(tx, Act(by, "exported", f"view:{wanted.view}", wanted.purpose, detail), now)
    (folder / wanted.manifest).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    part.rename(folder / wanted.file)
    return manifest


def _made(tx: Transaction, wanted: Order, out: _File) -> int:
    if wanted.form is Form.CSV:
        return tx.copy_out(wanted.copy(), out.write)
    columns = columns_of(dictionary().views[wanted.view])
    return parquet.write(columns, tx.batches(wanted.query(), _GROUP_ROWS), out)


def _withheld(tx: Transaction, wanted: Order) -> int:
    """Count what was left out because the persons it tells of are blocked."""
    return int(tx.rows(wanted.withheld())[0]["rows"]) if blocks.any_blocked(tx) else 0


def _manifest(wanted: Order, rows: int, out: _File, by: str, now: datetime) -> dict[str, Any]:
    view = dictionary().views[wanted.view]
    return {
        "view": wanted.view,
        "format": wanted.form,
        "clause": view.clause,
        "columns": list(columns_of(view)),
        "asOf": wanted.as_of and wanted.as_of.isoformat(),
        "knownAt": wanted.known_at and wanted.known_at.isoformat(),
        "purpose": wanted.purpose,
        "rows": rows,
        "bytes": out.size,
        "sha256": out.digest.hexdigest(),
        "exportedBy": by,
        "exportedAt": now.isoformat(),
    }


def _as_read(name: str, column: Column) -> Part:
    template: LiteralString = "{name}::text AS {name}" if column.type == "jsonb" else "{name}"
    return compose(template, name=name)


def _ordered(view: View, name: str) -> Part:
    if columns_of(view)[name].type != "text":
        return compose("{name}", name=name)
    return compose('{name} COLLATE "C" NULLS FIRST', name=name)
