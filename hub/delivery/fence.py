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

from hub.store.database import Database, Transaction

_SHARE = "SELECT pg_advisory_lock_shared(hashtextextended('outbound.grant:' || %s, 0))"
_LEAVE = "SELECT pg_advisory_unlock_shared(hashtextextended('outbound.grant:' || %s, 0))"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('outbound.grant:' || %s, 0))"


@contextmanager
def shared(database: Database, grant_ids: Iterable[str]) -> Iterator[None]:
    """Share the fences of grants during the block; waits while one is being restricted.

    Taken in sorted order, in transactions of their own. Inside the block the connection may
    commit as often as it likes. Raises as ``Database.transaction``.
    """
    ids = sorted(set(grant_ids))
    _enter(database, ids)
    try:
        yield
    finally:
        _leave(database, ids)


def alone(tx: Transaction, grant_id: str) -> None:
    """Take the fence of a grant until the transaction ends; waits until all who share it left."""
    tx.rows(_ALONE, [grant_id])


def _enter(database: Database, ids: Iterable[str]) -> None:
    """Take the locks; where that fails half-way, the connection goes, and the half with it."""
    try:
        with database.transaction() as tx:
            for grant_id in ids:
                tx.rows(_SHARE, [grant_id])
    except BaseException:
        database.close()
        raise


def _leave(database: Database, ids: Iterable[str]) -> None:
    """Let go; where that fails, the connection goes, and the locks with it."""
    try:
        with database.transaction() as tx:
            for grant_id in ids:
                tx.rows(_LEAVE, [grant_id])
    except BaseException:
        database.close()
        raise
