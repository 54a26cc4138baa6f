"""Grants in their tables: how those of a subscriber stand now, and how much left under them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

import orjson

from hub.delivery.grant import Grant, Standing
from hub.store.database import Row, Transaction, as_json
from schemas.dates import BAKU
from schemas.grant_document import GrantDocument

_IDS = """
SELECT DISTINCT v.grant_id FROM outbound.grant_version v
JOIN outbound.grant_standing s USING (grant_id) WHERE v.subscriber = %s ORDER BY v.grant_id
"""

_STANDING = """
SELECT DISTINCT ON (s.grant_id) s.grant_id, s.version, s.entry, s.standing,
    v.document::text AS document
FROM outbound.grant_standing s JOIN outbound.grant_version v USING (grant_id, version)
WHERE s.grant_id IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY s.grant_id, s.entry DESC
"""

_COUNT_ALONE = """
SELECT pg_advisory_xact_lock(hashtextextended('outbound.usage:' || value, 0))
FROM (SELECT value FROM jsonb_array_elements_text(%s::jsonb) ORDER BY value) AS sorted
"""

_USED = """
SELECT grant_id, records FROM outbound.usage
WHERE day = %s AND grant_id IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""

_USE = """
INSERT INTO outbound.usage AS usage (grant_id, day, records)
SELECT grant_id, %(day)s, records
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (grant_id text, records integer) ORDER BY grant_id
ON CONFLICT (grant_id, day) DO UPDATE SET records = usage.records + excluded.records
"""


def ids_of(tx: Transaction, subscriber: str) -> list[str]:
    """List the grants of a subscriber that were ever put in force: those with a fence."""
    return [row["grant_id"] for row in tx.rows(_IDS, [subscriber])]


def standing(tx: Transaction, grant_ids: list[str]) -> list[Grant]:
    """Read how grants stand now, each in the version that was put in force last."""
    return [_grant(row) for row in tx.rows(_STANDING, [as_json(grant_ids)])]


def used_today(tx: Transaction, grant_ids: list[str], now: datetime) -> dict[str, int]:
    """Tell what left under each grant today (Baku); nobody else counts before the commit."""
    tx.rows(_COUNT_ALONE, [as_json(grant_ids)])
    rows = tx.rows(_USED, [day_of(now), as_json(grant_ids)])
    return {row["grant_id"]: row["records"] for row in rows}


def use(tx: Transaction, records: Mapping[str, int], now: datetime) -> None:
    """Count records that are about to leave."""
    rows = [{"grant_id": name, "records": count} for name, count in records.items() if count]
    if rows:
        tx.execute(_USE, {"rows": as_json(rows), "day": day_of(now)})


def day_of(now: datetime) -> date:
    """The day in Baku, by which volumes are limited."""
    return now.astimezone(BAKU).date()


def _grant(row: Row) -> Grant:
    document = _document(row["document"])
    standing = Standing(row["standing"])
    return Grant(row["grant_id"], row["version"], standing, document, row["entry"])


@lru_cache(maxsize=1024)
def _document(text: str) -> GrantDocument:
    """Read a document: it is the same for every batch, and reading it checks the catalogue."""
    return GrantDocument.model_validate(orjson.loads(text))
