"""Dumps that come and go as streams, with PostgreSQL's real programs."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import pytest

from hub.store.database import Database
from hub.store.dump import Programs, programs, server_version
from hub.store.scratch import scratch_database
from schemas.errors import Stop, Unavailable

pytestmark = pytest.mark.database


@pytest.fixture
def means(database_url: str) -> Programs:
    return programs(server_version(database_url))


@pytest.fixture
def dumped(means: Programs, database_url: str) -> bytes:
    taken = BytesIO()
    database = Database(database_url)
    with database.transaction() as tx:
        (row,) = tx.rows("SELECT pg_export_snapshot() AS snapshot")
        means.dump_into(database_url, row["snapshot"], lambda plain: copy(plain, taken))
    database.close()
    return taken.getvalue()


def copy(plain: BinaryIO, taken: BytesIO) -> None:
    taken.write(plain.read())


def tables(url: str) -> int:
    database = Database(url)
    with database.transaction() as tx:
        (row,) = tx.rows("SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'evidence'")
    database.close()
    return int(row["n"])


def test_a_stream_is_restored_whole(means: Programs, database_url: str, dumped: bytes) -> None:
    pieces = [dumped[at : at + 1000] for at in range(0, len(dumped), 1000)]
    with scratch_database(database_url, "qovsaq_streamed") as scratch:
        means.restore_from(scratch, pieces)
        assert tables(scratch) == tables(database_url)


def test_a_stream_that_breaks_off_leaves_nothing(
    means: Programs, database_url: str, dumped: bytes
) -> None:
    def broken() -> Iterator[bytes]:
        yield dumped[:-1]
        raise Stop("changed or cut off")

    with scratch_database(database_url, "qovsaq_streamed") as scratch:
        with pytest.raises(Stop, match="changed or cut off"):
            means.restore_from(scratch, broken())
        assert tables(scratch) == 0


def test_a_stream_that_is_no_dump_is_refused_with_the_complaint_of_the_program(
    means: Programs, database_url: str
) -> None:
    with (
        scratch_database(database_url, "qovsaq_streamed") as scratch,
        pytest.raises(Stop, match="pg_restore: input file does not appear to be a valid archive"),
    ):
        means.restore_from(scratch, [b"no dump" * 1000] * 1000)


def test_a_server_that_is_not_there_is_unavailable(means: Programs) -> None:
    nowhere = "postgresql://postgres@/postgres?host=/nonexistent"
    with pytest.raises(Unavailable, match="pg_dump: "):
        means.dump_into(nowhere, "x", lambda plain: plain.read())
