"""Which statements the live path spends the database's time on: pg_stat_statements, per record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from benchmarks.live import Run, live
from benchmarks.servers import found
from tests.support.postgres import PostgresServer, running_private_postgres
from tests.support.private_broker import running_private_broker

_LOAD = "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"
_ASK = r"""
SELECT total_exec_time * 1000 / %(records)s, calls::float / %(records)s * 1000,
    wal_bytes / %(records)s, regexp_replace(query, '\s+', ' ', 'g')
FROM pg_stat_statements
WHERE calls > 2 AND query ~ '^\s*(INSERT|UPDATE|DELETE|SELECT|WITH|COPY|COMMIT)'
ORDER BY 1 DESC LIMIT %(most)s
"""
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's share: µs of execution and bytes of log a record, calls per 1,000 records."""

    us: float
    calls: float
    log: float
    text: str

    def __str__(self) -> str:
        return f"{self.us:8.1f} {self.calls:8.1f} {self.log:8.0f}  {self.text[:_WIDTH]}"


def statements(records: int, bodies: int, most: int = 30) -> tuple[Run, list[Statement]]:
    """Run the live path on servers of its own, with statements counted; dearest first."""
    with running_private_broker() as node, running_private_postgres(synced=True) as private:
        with psycopg.connect(private.url, autocommit=True) as connection:
            connection.execute(_LOAD)
        private.stop()
        private.start()
        with psycopg.connect(private.url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            run = live(found(node.broker, PostgresServer(private.url)), records, bodies)
            given = {"records": records, "most": most}
            return run, [Statement(*row) for row in connection.execute(_ASK, given).fetchall()]


def shown(run: Run, told: list[Statement]) -> Iterator[str]:
    """Lines for a terminal or a file."""
    yield f"{run.records} records, {run.rate:.0f}/s, CPU µs/record: {dict(run.cpu)}"
    yield f"cores used by others: {run.other_cores}"
    yield f"{'µs/rec':>8} {'calls/k':>8} {'log B':>8}  statement"
    yield from map(str, told)
