"""The fence: nothing leaves under a grant while it is being restricted, nor after.

Whoever hands data out shares the fence of every grant it acts under, from before it reads how
the grants stand until the data has left or the time for that is over. Whoever restricts a grant
takes its fence alone. The locks are PostgreSQL's advisory ones, of the session, so that what is
decided can be committed while they are held; a lost connection lets go of them, which is what
``outbound.parcel.deadline`` is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import LiteralString

from hub.store.database import Database, Transaction, as_json

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
_TAKE_TURN = "SELECT pg_advisory_lock(hashtextextended('outbound.turn:' || %s, 0))"
_END_TURN = "SELECT pg_advisory_unlock(hashtextextended('outbound.turn:' || %s, 0))"


@contextmanager
def shared(database: Database, grant_ids: Iterable[str]) -> Iterator[None]:
    """Share the fences of grants during the block; waits while one is being restricted.

    Taken in sorted order. Inside the block the connection may commit as often as it likes.
    Raises as ``Database.transaction``.
    """
    ids = as_json(sorted(set(grant_ids)))
    with _held(database, _SHARE, _LEAVE, ids):
        yield


@contextmanager
def turn(database: Database, subscriber: str) -> Iterator[None]:
    """Be the only one who hands anything to a subscriber, or takes it back, during the block."""
    with _held(database, _TAKE_TURN, _END_TURN, subscriber):
        yield


def alone(tx: Transaction, grant_id: str) -> None:
    """Take the fence of a grant until the transaction ends; waits until all who share it left."""
    tx.rows(_ALONE, [grant_id])


def access(tx: Transaction, subscriber: str) -> None:
    """Until the transaction ends, be the only one to open or close a subscriber's queue to it."""
    tx.rows(_ACCESS, [subscriber])


@contextmanager
def _held(
    database: Database, take: LiteralString, leave: LiteralString, what: str
) -> Iterator[None]:
    """Hold locks of the session; where taking or leaving fails, the connection goes with them."""
    try:
        with database.transaction() as tx:
            tx.rows(take, [what])
    except BaseException:
        database.close()
        raise
    try:
        yield
    finally:
        try:
            with database.transaction() as tx:
                tx.rows(leave, [what])
        except BaseException:
            database.close()
            raise
