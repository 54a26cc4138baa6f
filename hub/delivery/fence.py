"""The fence: nothing leaves under a grant while it is being restricted, nor after.

Whoever hands data out shares the fence of every grant it acts under, from before it reads how
the grants stand until the data has left or the time for that is over. Whoever restricts a grant
takes its fence alone. The locks are PostgreSQL's advisory ones, of the session, so that what is
decided can be committed while they are held; a lost connection lets go of them, which is what
``outbound.parcel.deadline`` is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import LiteralString, TypeVar

from hub.store.database import Database, Params, Row, Transaction, as_json

T = TypeVar("T")

_SHARE = """
SELECT pg_advisory_lock_shared(hashtextextended('outbound.grant:' || value, 0))
FROM (SELECT value FROM jsonb_array_elements_text(%s::jsonb) ORDER BY value) AS sorted
"""
_LEAVE = """
SELECT pg_advisory_unlock_shared(hashtextextended('outbound.grant:' || value, 0))
FROM jsonb_array_elements_text(%s::jsonb)
"""
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('outbound.grant:' || %s, 0))"
_ACCESS = "SELECT pg_advisory_xact_lock(hashtextextended('outbound.access:' || %s, 0))"
_TAKE_ALL = """
WITH turn AS MATERIALIZED (
    SELECT pg_advisory_lock(hashtextextended('outbound.turn:' || %(subscriber)s, 0)))
SELECT grant_id, pg_advisory_lock_shared(hashtextextended('outbound.grant:' || grant_id, 0))
FROM turn LEFT JOIN (SELECT DISTINCT v.grant_id FROM outbound.grant_version v
    JOIN outbound.grant_standing s USING (grant_id) WHERE v.subscriber = %(subscriber)s
    ORDER BY v.grant_id) AS sorted ON true
"""
# The turn, from the outer side, before any fence; no grant is one row without an id.
_LEAVE_ALL = """
SELECT (SELECT count(pg_advisory_unlock_shared(hashtextextended('outbound.grant:' || value, 0)))
        FROM jsonb_array_elements_text(%s::jsonb)),
    pg_advisory_unlock(hashtextextended('outbound.turn:' || %s, 0))
"""
_TAKE_TURN = "SELECT pg_advisory_lock(hashtextextended('outbound.turn:' || %s, 0))"
_END_TURN = "SELECT pg_advisory_unlock(hashtextextended('outbound.turn:' || %s, 0))"


@contextmanager
def shared(database: Database, grant_ids: Iterable[str]) -> Iterator[None]:
    """Share the fences of grants during the block; waits while one is being restricted.

    Taken in sorted order. Inside the block the connection may commit as often as it likes.
    Raises as ``Database.transaction``.
    """
    ids = as_json(sorted(set(grant_ids)))
    with _held(
        database, lambda: _run(database, _SHARE, [ids]), lambda _: _run(database, _LEAVE, [ids])
    ):
        yield


@contextmanager
def turn(database: Database, subscriber: str) -> Iterator[None]:
    """Be the only one who hands anything to a subscriber, or takes it back, during the block."""

    def end(_: object) -> None:
        _run(database, _END_TURN, [subscriber])

    with _held(database, lambda: _run(database, _TAKE_TURN, [subscriber]), end):
        yield


@contextmanager
def delivering(database: Database, subscriber: str) -> Iterator[list[str]]:
    """Take a subscriber's turn and share the fences of its grants during the block.

    Yields the ids of the grants that were ever put in force, as they were before the turn came.
    """

    def take() -> list[str]:
        rows = _run(database, _TAKE_ALL, {"subscriber": subscriber})
        return [row["grant_id"] for row in rows if row["grant_id"] is not None]

    def leave(grant_ids: list[str]) -> None:
        _run(database, _LEAVE_ALL, [as_json(grant_ids), subscriber])

    with _held(database, take, leave) as grant_ids:
        yield grant_ids


def alone(tx: Transaction, grant_id: str) -> None:
    """Take the fence of a grant until the transaction ends; waits until all who share it left."""
    tx.rows(_ALONE, [grant_id])


def access(tx: Transaction, subscriber: str) -> None:
    """Until the transaction ends, be the only one to open or close a subscriber's queue to it."""
    tx.rows(_ACCESS, [subscriber])


@contextmanager
def _held(database: Database, take: Callable[[], T], leave: Callable[[T], object]) -> Iterator[T]:
    """Hold locks of the session; where taking or leaving fails, the connection goes with them."""
    try:
        taken = take()
    except BaseException:
        database.close()
        raise
    try:
        yield taken
    finally:
        try:
            leave(taken)
        except BaseException:
            database.close()
            raise


def _run(database: Database, statement: LiteralString, given: Params) -> list[Row]:
    with database.single() as tx:
        return tx.rows(statement, given)
