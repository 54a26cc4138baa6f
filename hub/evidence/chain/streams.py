"""What the chain covers: tables whose rows are numbered as they come and never change after.

A row's leaf is the SHA-256 of its columns as netstrings, in the order given here: times as
microseconds since 1970, jsonb as PostgreSQL prints it, everything else as text. The order and
the columns are part of the format; a new column of a covered table is not covered until a new
stream says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import LiteralString

from hub.store.statements import Composed, compose, listed

_TEXT: LiteralString = "{column}::text AS {column}"
_TIME: LiteralString = "evidence.microseconds({column}) AS {column}"
_NETSTRING: LiteralString = "evidence.netstring({column})"

# The texts are made in a query of their own: a netstring needs its text twice.
_LEAVES: LiteralString = """
SELECT number, sha256(convert_to(concat({netstrings}), 'UTF8')) AS leaf
FROM (
    SELECT {number} AS number, {texts} FROM {table}
    WHERE {number} > %(after)s AND {number} <= %(through)s ORDER BY {number} LIMIT %(most)s
) AS covered
"""
_PACKED: LiteralString = """
SELECT count(*) AS rows, max(number) AS last,
    string_agg(int8send(number) || leaf, ''::bytea ORDER BY number) AS leaves
FROM ({leaves}) AS part
"""
_NEWEST: LiteralString = "SELECT max({number}) AS number FROM {table}"
_OPEN: LiteralString = "SELECT count(*) AS rows FROM {table} WHERE {number} > %s"
# By number and not by time: the index is used, however little PostgreSQL knows of the table.
_FIRST_OPEN: LiteralString = """
SELECT {at} AS at FROM {table} WHERE {number} > %s ORDER BY {number} LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Stream:
    """One covered table; ``number`` is the identity column that counts its rows."""

    name: str
    table: tuple[str, str]
    number: str
    at: str
    columns: Mapping[str, LiteralString]


AUDIT = Stream(
    name="audit",
    table=("evidence", "audit"),
    number="entry_id",
    at="at",
    columns={
        "at": _TIME,
        "actor": _TEXT,
        "action": _TEXT,
        "object": _TEXT,
        "reason": _TEXT,
        "detail": _TEXT,
        "basis": _TEXT,
        "outcome": _TEXT,
    },
)

JOURNAL = Stream(
    name="journal",
    table=("evidence", "journal"),
    number="journal_id",
    at="received_at",
    columns={
        "ministry": _TEXT,
        "message_key": _TEXT,
        "message_id": _TEXT,
        "body_sha256": _TEXT,
        "lane": _TEXT,
        "content_type": _TEXT,
        "sender": _TEXT,
        "channel": _TEXT,
        "headers": _TEXT,
        "size": _TEXT,
        "published_at": _TIME,
        "received_at": _TIME,
    },
)

DISCLOSURE = Stream(
    name="disclosure",
    table=("outbound", "disclosure"),
    number="entry_id",
    at="decided_at",
    columns={
        "disclosure_id": _TEXT,
        "subscriber": _TEXT,
        "record_id": _TEXT,
        "verdict": _TEXT,
        "grant_id": _TEXT,
        "grant_version": _TEXT,
        "reason": _TEXT,
        "missing": _TEXT,
        "record_type": _TEXT,
        "ministry": _TEXT,
        "persons": _TEXT,
        "fields": _TEXT,
        "channel": _TEXT,
        "decided_at": _TIME,
    },
)

STREAMS: Mapping[str, Stream] = {each.name: each for each in (AUDIT, JOURNAL, DISCLOSURE)}


@cache
def leaves_of(stream_name: str) -> Composed:
    """Make the statement that gives number and leaf of the rows in a range."""
    stream = STREAMS[stream_name]
    texts = listed(compose(how, column=name) for name, how in stream.columns.items())
    netstrings = listed(compose(_NETSTRING, column=name) for name in stream.columns)
    return compose(
        _LEAVES, number=stream.number, texts=texts, netstrings=netstrings, table=stream.table
    )


@cache
def packed_of(stream_name: str) -> Composed:
    """Make the statement that packs the leaves of a range as a link holds them."""
    return compose(_PACKED, leaves=leaves_of(stream_name))


@cache
def newest_of(stream_name: str) -> Composed:
    """Make the statement that tells the highest number there is."""
    stream = STREAMS[stream_name]
    return compose(_NEWEST, number=stream.number, table=stream.table)


@cache
def open_of(stream_name: str) -> Composed:
    """Make the statement that counts rows behind a number."""
    stream = STREAMS[stream_name]
    return compose(_OPEN, number=stream.number, table=stream.table)


@cache
def first_open_of(stream_name: str) -> Composed:
    """Make the statement that dates the first row behind a number."""
    stream = STREAMS[stream_name]
    return compose(_FIRST_OPEN, number=stream.number, table=stream.table, at=stream.at)
