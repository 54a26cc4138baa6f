"""The least a database can do with the rows that a run left: COPY of them into the same tables."""

from __future__ import annotations

import tempfile
import time
from typing import Any, BinaryIO

import psycopg
from psycopg import sql

from benchmarks.live import Run, run_of
from benchmarks.meter import Meter
from benchmarks.servers import Servers
from hub import bootstrap

_PIECE = 1 << 18
_FRAME = 50  # operators, bodies and grants make fewer rows in any table

# Partitions are read one by one and written through their parent, as the hub does.
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name,
    coalesce((SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
              WHERE i.inhrelid = c.oid), c.relname) AS parent
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('evidence', 'registry', 'outbound')
ORDER BY 1, 2
"""


def bare_write(servers: Servers, source: str, records: int) -> Run:
    """Copy out of the run's database every table it filled, and measure copying it back in.

    The target has the same tables, indexes and triggers, and is as empty as the run found it.
    """
    with servers.database() as target:
        bootstrap.bring_up_to_date(target)
        with tempfile.TemporaryFile() as file, psycopg.connect(source) as out:
            tables = [(*row, *_copied(out, row, file)) for row in _filled(out, records)]
            meter, began, rows = Meter(servers.groups), time.monotonic(), 0
            with psycopg.connect(target) as into:
                for schema, _, parent, start, end in tables:
                    file.seek(start)
                    rows += _copy_in(into, schema, parent, file, end - start)
                    into.commit()
            seconds, usage = time.monotonic() - began, meter.stop()
            size = file.seek(0, 2)
    more = {"rows": rows, "bytes": size, "tables": len(tables)}
    return run_of(records, seconds, usage, more=more)


def _filled(out: psycopg.Connection[Any], records: int) -> list[tuple[str, str, str]]:
    """Tables with a row for at least every thousandth record; the rest is the run's frame."""
    found = []
    for schema, name, parent in out.execute(_TABLES).fetchall():
        count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
        (rows,) = out.execute(count).fetchone() or (0,)
        if rows >= max(records / 1000, _FRAME):
            found.append((schema, name, parent))
    return found


def _copied(
    out: psycopg.Connection[Any], table: tuple[str, str, str], file: BinaryIO
) -> tuple[int, int]:
    start = file.tell()
    statement = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(*table[:2]))
    with out.cursor().copy(statement) as copy:
        file.writelines(copy)
    return start, file.tell()


def _copy_in(
    into: psycopg.Connection[Any], schema: str, name: str, file: BinaryIO, left: int
) -> int:
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(schema, name))
    with into.cursor() as cursor:
        with cursor.copy(statement) as copy:
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                copy.write(piece)
                left -= len(piece)
        return cursor.rowcount
