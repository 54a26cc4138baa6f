"""Receipts: drawn up from the record log, kept in batches until the broker has confirmed them.

Records that end for good are queued where they end (``hub.evidence.record_log``). Another is due
while its state is not the one last told (``receipted``), which a partial index knows.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.evidence.record_log import State
from hub.store.database import Row, Transaction, as_json
from schemas.manifest import ManifestAnswer
from schemas.receipt import ReceiptDocument, RecordOutcome

# The oldest, not any: in its order the index is read, however many the planner expects. Any would
# be looked for in the whole record log, which is read to its end where nothing is due.
_DUE = """
SELECT ministry FROM jsonb_array_elements_text(%s::jsonb) AS m (ministry)
WHERE EXISTS (SELECT FROM evidence.receipt r WHERE r.ministry = m.ministry)
   OR EXISTS (SELECT FROM evidence.receipt_due d WHERE d.ministry = m.ministry)
   OR (SELECT true FROM evidence.record_log log WHERE log.ministry = m.ministry
       AND settled_at IS NOT NULL AND receipted IS DISTINCT FROM state
       ORDER BY settled_at LIMIT 1)
"""

# Whole rows of the queue, as long as what is before them is not enough yet. Records and messages
# are looked up one by one: left to choose, PostgreSQL reads whole tables while they are small.
_QUEUED = """
WITH first AS MATERIALIZED (
    SELECT ministry, due_id, cardinality(records) AS amount FROM evidence.receipt_due
    WHERE ministry = %(ministry)s ORDER BY due_id LIMIT %(most)s FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT ministry, due_id, sum(amount) OVER (ORDER BY due_id) - amount AS before FROM first
), taken AS (
    DELETE FROM evidence.receipt_due
    WHERE (ministry, due_id) IN (SELECT ministry, due_id FROM counted WHERE before < %(most)s)
    RETURNING records
)
SELECT log.record_id, log.journal_id, log.ordinal, log.record_type, log.state, log.cause,
    log.field, log.version, log.settled_at
FROM taken CROSS JOIN unnest(taken.records) AS r (id)
CROSS JOIN LATERAL (SELECT * FROM evidence.record_log WHERE record_id = r.id LIMIT 1) AS log
"""

# The rows chosen are those updated, whatever the plan; two workers never choose the same.
_CHOOSE = """
WITH due AS MATERIALIZED (
    SELECT record_id FROM evidence.record_log
    WHERE ministry = %(ministry)s AND settled_at IS NOT NULL AND receipted IS DISTINCT FROM state
    ORDER BY settled_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
UPDATE evidence.record_log AS log SET receipted = log.state
FROM due WHERE log.record_id = due.record_id
RETURNING log.record_id, log.journal_id, log.ordinal, log.record_type, log.state, log.cause,
    log.field, log.version, log.settled_at
"""

_MESSAGES = """
SELECT j.journal_id, j.message_key, j.message_id, j.body_sha256, j.received_at, j.records,
    (SELECT count(*) FROM evidence.record_log log
     WHERE log.journal_id = j.journal_id AND log.settled_at IS NULL) AS pending
FROM jsonb_array_elements(%s::jsonb) AS m (id)
CROSS JOIN LATERAL (SELECT * FROM evidence.journal WHERE journal_id = m.id::bigint LIMIT 1) AS j
"""

_KEEP = """
INSERT INTO evidence.receipt (receipt_id, ministry, body, created_at)
VALUES (%s, %s, %s::jsonb, %s) ON CONFLICT (receipt_id) DO NOTHING
"""

# The release before kept documents one by one: each is a batch of its own.
_WAITING = """
SELECT receipt_id, documents::text AS body, jsonb_array_length(documents) AS documents
FROM (
    SELECT receipt_id,
        CASE jsonb_typeof(body) WHEN 'array' THEN body ELSE jsonb_build_array(body) END AS documents
    FROM evidence.receipt WHERE ministry = %s ORDER BY created_at, receipt_id LIMIT %s
) AS waiting
"""

_CONFIRMED = """
DELETE FROM evidence.receipt
WHERE receipt_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""

MOST_DOCUMENTS = 250
MOST_BYTES = 256 * 1024
"""What one batch holds at most; a document that is larger is a batch of its own."""

Receipt = ReceiptDocument | ManifestAnswer


@dataclass(frozen=True, slots=True)
class Batch:
    """Receipts the broker has not confirmed yet; ``body`` is a JSON array of ``documents``."""

    batch_id: str
    body: bytes
    documents: int


def ministries(tx: Transaction, among: Iterable[str]) -> set[str]:
    """Name those ministries for which something is due or waits."""
    return {row["ministry"] for row in tx.rows(_DUE, [as_json(list(among))])}


def draw_up(tx: Transaction, ministry: str, most: int, now: datetime) -> int:
    """Draw up receipts for at most ``most`` records of a ministry that are due, oldest first.

    Returns how many records they tell of; 0 where nothing is due. Records that ended together
    may be a few more than ``most``.
    """
    due: defaultdict[int, list[Row]] = defaultdict(list)
    chosen = {"ministry": ministry, "most": most}
    for row in tx.rows(_QUEUED, chosen) + tx.rows(_CHOOSE, chosen):
        due[row["journal_id"]].append(row)
    if not due:
        return 0
    messages = tx.rows(_MESSAGES, [as_json(sorted(due))])
    keep(tx, ministry, [_receipt(ministry, m, due[m["journal_id"]], now) for m in messages], now)
    return sum(map(len, due.values()))


def keep(tx: Transaction, ministry: str, documents: Iterable[Receipt], now: datetime) -> None:
    """Keep documents for ``receipt.<ministry>``, in batches, until these are confirmed."""
    for batch in in_batches(ministry, documents):
        tx.execute(_KEEP, [batch.batch_id, ministry, batch.body.decode(), now])


def in_batches(ministry: str, documents: Iterable[Receipt]) -> Iterator[Batch]:
    """Put documents together as they come, as many as a batch may hold."""
    ids: list[str] = []
    texts: list[bytes] = []
    size = 0
    for document in documents:
        text = document.model_dump_json(by_alias=True, exclude_none=True).encode()
        size += len(text)
        if texts and (len(texts) == MOST_DOCUMENTS or size > MOST_BYTES):
            yield _batch(ministry, ids, texts)
            ids, texts, size = [], [], len(text)
        ids.append(document.receipt_id)
        texts.append(text)
    if texts:
        yield _batch(ministry, ids, texts)


def waiting(tx: Transaction, ministry: str, limit: int) -> list[Batch]:
    """List a ministry's batches without a confirm, oldest first."""
    rows = tx.rows(_WAITING, [ministry, limit])
    return [Batch(row["receipt_id"].hex, row["body"].encode(), row["documents"]) for row in rows]


def confirmed(tx: Transaction, batches: Iterable[Batch]) -> None:
    """Let go of batches that the broker has confirmed."""
    tx.execute(_CONFIRMED, [as_json([batch.batch_id for batch in batches])])


def receipt_id(ministry: str, key: str, told: Iterable[str]) -> str:
    """Derive an id from what a receipt tells: telling it again is no second receipt."""
    text = "\x1f".join((ministry, key, *sorted(told)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _batch(ministry: str, ids: Sequence[str], texts: Sequence[bytes]) -> Batch:
    return Batch(receipt_id(ministry, "batch", ids), b"[" + b",".join(texts) + b"]", len(ids))


def _receipt(ministry: str, message: Row, due: Sequence[Row], now: datetime) -> ReceiptDocument:
    told = (f"{row['record_id'].hex}:{row['state']}" for row in due)
    return ReceiptDocument(
        receipt_id=receipt_id(ministry, message["message_key"], told),
        ministry=ministry,
        message_id=message["message_id"],
        sha256=message["body_sha256"],
        received_at=message["received_at"],
        records=message["records"],
        pending=message["pending"],
        outcomes=[_outcome(row) for row in sorted(due, key=_place)],
        receipted_at=now,
    )


def _outcome(row: Row) -> RecordOutcome:
    refused = row["state"] == State.REFUSED
    return RecordOutcome(
        record_id=row["record_id"].hex,
        ordinal=row["ordinal"],
        record=row["record_type"],
        state=row["state"],
        row_version=None if row["version"] is None else str(row["version"]),
        rule=row["cause"] if refused else None,
        field=row["field"] if refused else None,
        cause=None if refused else row["cause"],
        settled_at=row["settled_at"],
    )


def _place(row: Row) -> tuple[int, str]:
    return row["ordinal"], row["record_type"]
