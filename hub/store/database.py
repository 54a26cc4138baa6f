"""Connections and transactions. SQL texts live beside the code that means them.

Every statement takes its batch as one JSON parameter where it takes a batch at all: expanding
``jsonb_to_recordset`` costs a fortieth of adapting Python lists on the client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from hub.store.statements import Prepared
from routing.observer import Observer, Unobserved
from schemas.errors import RetryLater, Stop, Unavailable

Row = dict[str, Any]
Params = Sequence[Any] | Mapping[str, Any] | None
Statement = LiteralString | sql.SQL | sql.Composed

_PASSING = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
)

_MISSING = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.InsufficientPrivilege,
)

_REASONS = {
    "Connection refused": "connection refused",
    "No such file or directory": "there is no server at its socket",
    "server closed the connection unexpectedly": "the server closed the connection",
    "SSL connection has been closed": "the server closed the connection",
    "the connection is closed": "the connection is closed",
    "the database system is starting up": "the server is starting up",
    "the database system is shutting down": "the server is shutting down",
    "too many clients": "too many connections",
    "remaining connection slots": "too many connections",
    "timeout expired": "no answer in time",
    "failed to resolve host": "its host has no address",
    "could not translate host name": "its host has no address",
    "certificate verify failed": "its certificate is not trusted",
    "password authentication failed": "wrong user or password",
}
"""What a client's own text holds, and what is said of it: the rest of it names hosts and users."""


_BY_INDEX = """
SELECT set_config(name, value, true) FROM (VALUES ('enable_seqscan', 'off'),
    ('enable_nestloop', 'off'), ('jit', 'off'), ('plan_cache_mode', 'force_custom_plan'),
    ('work_mem', '64MB'), ('max_parallel_workers_per_gather', '0')) AS setting (name, value)
"""


def as_json(rows: object) -> str:
    """Render a batch as the one JSON parameter of a statement."""
    return orjson.dumps(rows).decode()


class Transaction:
    """An open transaction; valid only inside its ``with`` block."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def rows(self, statement: Statement | Prepared, params: Params = None) -> list[Row]:
        """Run a statement and return its rows as dictionaries."""
        return self._connection.execute(statement, params).fetchall()

    def text(self, statement: Statement) -> str:
        """Render a statement as it would be sent, without running it."""
        return statement if isinstance(statement, str) else statement.as_string(self._connection)

    def execute(self, statement: Statement | Prepared, params: Params = None) -> int:
        """Run a statement and return how many rows it touched."""
        return self._connection.execute(statement, params).rowcount

    def count_alone(self) -> None:
        """Read whole tables on one core in this transaction: others have work meanwhile."""
        self._connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")

    def count_by_index(self) -> None:
        """Read a few ranges by index, on one core, whatever the planner expects of their size.

        What it takes for large it would read from end to end, and compile first for a second;
        what it takes for one row it would compare with all others.
        """
        self._connection.execute(_BY_INDEX)

    def wait_at_most(self, patience: LiteralString) -> None:
        """Give up, with ``RetryLater``, where a lock is not had in so long (``'1s'``)."""
        self._connection.execute("SELECT set_config('lock_timeout', %s, true)", [patience])

    def copy_out(self, statement: Statement, write: Callable[[memoryview], object]) -> int:
        """Run a ``COPY … TO STDOUT``, giving each piece to ``write``; return the number of rows."""
        with self._connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for piece in copy:
                    write(memoryview(piece))
            return cursor.rowcount

    def batches(self, statement: Statement, size: int) -> Iterator[list[Row]]:
        """Run a query and read its rows ``size`` at a time, never all at once."""
        with self._connection.cursor(name="batches") as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(size):
                yield rows


class Single(Transaction):
    """A transaction of one statement, which needs no opening and closing of its own."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        super().__init__(connection)
        self._run = False

    def rows(self, statement: Statement | Prepared, params: Params = None) -> list[Row]:
        """Run the statement and return its rows as dictionaries."""
        self._once()
        return super().rows(statement, params)

    def execute(self, statement: Statement | Prepared, params: Params = None) -> int:
        """Run the statement and return how many rows it touched."""
        self._once()
        return super().execute(statement, params)

    def _once(self) -> None:
        if self._run:
            raise AssertionError("a second statement needs a transaction around both")
        self._run = True


class Database:
    """One connection, owned by one thread, reopened when it was lost.

    ``transaction`` translates driver errors into what to do next: ``RetryLater`` for a lost race
    or a time-out, ``Unavailable`` for a lost connection, ``Stop`` for missing tables or rights.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str = "qovsaq",
        observer: Observer | None = None,
    ) -> None:
        self._url = url
        self._name = application_name
        self._observer = observer or Unobserved()
        self._connection: psycopg.Connection[Row] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction: committed at the end of the block, rolled back on any exception."""
        with self._understood() as connection, connection.transaction():
            yield Transaction(connection)

    @contextmanager
    def single(self) -> Iterator[Transaction]:
        """Open a transaction of one statement: it is committed as soon as it was run.

        One round trip instead of three; a second statement raises ``AssertionError``.
        """
        with self._understood() as connection:
            yield Single(connection)

    @contextmanager
    def _understood(self) -> Iterator[psycopg.Connection[Row]]:
        """Measure what is done with the connection, and say what its errors mean."""
        began = time.monotonic()
        try:
            yield self._connect()
            self._observer.observe(
                "database_seconds", time.monotonic() - began, purpose=self._purpose
            )
        except _PASSING as error:
            raise RetryLater(_describe(error)) from None
        except _MISSING as error:
            raise Stop(_describe(error)) from None
        except (psycopg.OperationalError, errors.ReadOnlySqlTransaction) as error:
            # Read-only: a standby after a fail-over, or a full disk at a hosted server.
            self.close()
            raise Unavailable(_describe(error)) from None

    def close(self) -> None:
        """Close the connection; the next transaction opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _purpose(self) -> str:
        return self._name.removeprefix("qovsaq ")

    def _connect(self) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                row_factory=dict_row,
                prepare_threshold=2,
                connect_timeout=5,
                application_name=self._name,
            )
            set_json_loads(orjson.loads, self._connection)
            self._observer.count("database_connections_opened", purpose=self._purpose)
        return self._connection


def _describe(error: psycopg.Error) -> str:
    """Say what went wrong without PostgreSQL's DETAIL line, which quotes keys and values."""
    return f"database: {error.diag.message_primary or _unanswered(str(error))}"


def _unanswered(text: str) -> str:
    return next((said for reason, said in _REASONS.items() if reason in text), "it does not answer")
