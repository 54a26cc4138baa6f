"""The chain in its table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hub.evidence.chain.link import GENESIS, Link, digest
from hub.store.database import Row, Transaction

_PAGE = 200

_INSERT = """
INSERT INTO evidence.chain
    (link, sealed_at, stream, after_id, through_id, leaves, previous, hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_HEAD = "SELECT * FROM evidence.chain ORDER BY link DESC LIMIT 1"
_AFTER = "SELECT * FROM evidence.chain WHERE link > %s ORDER BY link LIMIT %s"
_AT = "SELECT * FROM evidence.chain WHERE link = %s"
_THROUGH = """
SELECT through_id FROM evidence.chain WHERE stream = %s ORDER BY link DESC LIMIT 1
"""


def head(tx: Transaction) -> Link | None:
    """Read the latest link; None before anything was sealed."""
    return next(map(_link, tx.rows(_HEAD)), None)


def at(tx: Transaction, number: int) -> Link | None:
    """Read one link."""
    return next(map(_link, tx.rows(_AT, [number])), None)


def every(tx: Transaction) -> Iterator[Link]:
    """Read the whole chain in order."""
    last = 0
    while page := [_link(row) for row in tx.rows(_AFTER, [last, _PAGE])]:
        yield from page
        last = page[-1].number


def sealed_through(tx: Transaction, stream: str) -> int:
    """Tell the number through which a stream's rows are closed; 0 where none are."""
    found = tx.rows(_THROUGH, [stream])
    return int(found[0]["through_id"]) if found else 0


def forge(
    tx: Transaction, stream: str, closed: tuple[int, int], leaves: bytes, now: datetime
) -> None:
    """Add a link behind the head. Only one transaction at a time may do so."""
    latest = head(tx)
    number, previous = (latest.number + 1, latest.hash) if latest else (1, GENESIS)
    made = digest(previous, number, now, stream, closed, leaves)
    tx.execute(_INSERT, [number, now, stream, *closed, leaves, previous, made])


def _link(row: Row) -> Link:
    return Link(
        number=row["link"],
        sealed_at=row["sealed_at"],
        stream=row["stream"],
        after=row["after_id"],
        through=row["through_id"],
        leaves=bytes(row["leaves"]),
        previous=bytes(row["previous"]),
        hash=bytes(row["hash"]),
    )
