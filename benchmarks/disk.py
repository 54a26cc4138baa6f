"""What a run leaves on disk: bytes by schema, and how much the database wrote to its log."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

_SIZES = """
SELECT n.nspname, sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('evidence', 'registry', 'outbound')
GROUP BY n.nspname
"""
_LOG = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of each schema with its indexes, and of everything ever written to the log (WAL)."""

    schemas: dict[str, int]
    log: int

    @classmethod
    def of(cls, url: str) -> Disk:
        """Look at a database as of now; the log is the whole server's."""
        with psycopg.connect(url) as connection:
            sizes: dict[str, int] = dict(connection.execute(_SIZES).fetchall())
            (log,) = connection.execute(_LOG).fetchone() or (0,)
        return cls(sizes, log)

    def since(self, before: Disk, records: int) -> dict[str, float]:
        """Bytes a record of each schema and of the log."""
        each = {name: size - before.schemas.get(name, 0) for name, size in self.schemas.items()}
        each["log"] = self.log - before.log
        return {name: round(size / records, 1) for name, size in each.items()}
