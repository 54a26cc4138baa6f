"""The canonical export: the registry's state as text, equal whenever the state is equal.

One JSON object per line with sorted keys: each fact with its content, standing and all its
operations in order, then each golden record, then what is expected of children. Recorded times,
surrogate keys and receipt data (message, channel, arrival) are left out: they differ from run to
run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import LiteralString

import orjson

from hub.registry.facts import FactKey
from hub.registry.history import Past, operations
from hub.registry.tables import facts_table
from hub.store.database import Row, Statement, Transaction
from hub.store.statements import compose

_PAGE = 2000

_FACTS: LiteralString = """
SELECT subject, ministry, fact_key, standing, standing_record_id, record_id, data,
    verify_record_id, verify_differs
FROM {facts} WHERE (subject, ministry, fact_key) > (%(subject)s, %(ministry)s, %(fact_key)s)
ORDER BY subject, ministry, fact_key LIMIT %(limit)s
"""

_GOLDEN: LiteralString = """
SELECT subject, entity, fields, sources, findings FROM registry.golden
WHERE (subject, entity) > (%(subject)s, %(entity)s) ORDER BY subject, entity LIMIT %(limit)s
"""

_EXPECTED: LiteralString = """
SELECT child, field, ground, accepted, acts, met FROM registry.expectation
WHERE (child, field) > (%(child)s, %(field)s) ORDER BY child, field LIMIT %(limit)s
"""


def export(tx: Transaction, record_types: Iterable[str]) -> Iterator[str]:
    """Yield the export line by line, in an order that depends on the state alone."""
    for record_type in sorted(record_types):
        statement = compose(_FACTS, facts=facts_table(record_type))
        for page in _pages(tx, statement, ("subject", "ministry", "fact_key")):
            keys = [_key(record_type, row) for row in page]
            pasts = operations(tx, record_type, keys)
            yield from (_fact(key, row, pasts[key]) for key, row in zip(keys, page, strict=True))
    for page in _pages(tx, _GOLDEN, ("subject", "entity")):
        yield from (_golden(row) for row in page)
    for page in _pages(tx, _EXPECTED, ("child", "field")):
        yield from map(_line, page)


def _pages(tx: Transaction, statement: Statement, key: Sequence[str]) -> Iterator[list[Row]]:
    after = dict.fromkeys(key, "")
    while page := tx.rows(statement, after | {"limit": _PAGE}):
        yield page
        after = {name: page[-1][name] for name in key}


def _key(record_type: str, row: Row) -> FactKey:
    return FactKey(record_type, row["ministry"], row["subject"], row["fact_key"])


def _fact(key: FactKey, row: Row, pasts: Iterable[Past]) -> str:
    return _line(
        {
            "fact": key.record_type,
            "ministry": key.ministry,
            "subject": key.subject,
            "factKey": key.fact_key,
            "standing": row["standing"],
            "standingBy": _hex(row["standing_record_id"]),
            "content": row["data"],
            "contentBy": _hex(row["record_id"]),
            "verifiedBy": _hex(row["verify_record_id"]),
            "verifyDiffers": row["verify_differs"],
            "operations": [
                {
                    "recordId": past.record_id,
                    "operation": past.operation,
                    "version": past.version,
                    "occurredAt": past.occurred_at,
                    "data": past.data,
                }
                for past in pasts
            ],
        }
    )


def _golden(row: Row) -> str:
    return _line(
        {
            "golden": row["entity"],
            "subject": row["subject"],
            "fields": row["fields"],
            "sources": row["sources"],
            "findings": row["findings"],
        }
    )


def _hex(record_id: object) -> str | None:
    return None if record_id is None else str(record_id).replace("-", "")


def _line(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
