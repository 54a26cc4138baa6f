"""One message's life: received, sealed, read, retried, written or refused, and to whom it went."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._kit.contract import Connector, Rules
from hub.deadletters import queries
from hub.evidence import audit, journal
from hub.evidence.sealing import Keyring
from hub.inquiry import disclosures
from hub.inquiry.standing import standing
from hub.intake.remaking import events_of
from hub.store.database import Row, Transaction, as_json
from schemas.staff_fact import ENTERED_BY

MOST = 50
"""Records of one message that are shown."""

_RECORD_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

_MESSAGES = """
SELECT j.journal_id, j.ministry, j.message_id, j.message_key, j.body_sha256, j.lane,
    j.content_type, j.sender, j.channel, j.size, j.published_at, j.received_at,
    j.records AS expected, j.arrivals, b.key_id, b.journal_id IS NOT NULL AS body_kept,
    (SELECT link FROM evidence.chain WHERE stream = 'journal'
       AND after_id < j.journal_id AND through_id >= j.journal_id LIMIT 1) AS link
FROM evidence.journal j
LEFT JOIN evidence.journal_body b ON b.journal_id = j.journal_id
    AND b.received_on = (j.received_at AT TIME ZONE 'Asia/Baku')::date
WHERE (j.ministry, j.message_key) IN (
        SELECT value, %(key)s FROM jsonb_array_elements_text(%(ministries)s::jsonb))
   OR j.journal_id = (SELECT journal_id FROM evidence.record_log WHERE record_id = %(record)s::uuid)
ORDER BY j.journal_id
"""

_RECORDS = """
SELECT record_id, ordinal, record_type, state, cause, field, attempts, relays, received_at,
    settled_at
FROM evidence.record_log
WHERE journal_id = %(journal_id)s
  AND (%(record)s::uuid IS NULL OR record_id = %(record)s::uuid)
ORDER BY ordinal LIMIT %(most)s
"""

_FINDINGS = """
SELECT record_id, rule, field, explanation, proposal FROM evidence.finding
WHERE record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb)) ORDER BY rule
"""
_RETRIES = """
SELECT record_id, noted_at, attempts, cause, due FROM evidence.retry
WHERE record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb)) ORDER BY noted_at
"""
_LETTERS = """
SELECT DISTINCT lr.letter_id FROM desk.letter_record lr
WHERE lr.record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""
_NOTICES = """
SELECT notice_id, body ->> 'kind' AS kind, body ->> 'rule' AS rule, body ->> 'field' AS field,
    (body ->> 'ordinal')::integer AS ordinal,
    coalesce(jsonb_array_length(body -> 'records'), 1) AS records,
    created_at, published_at, acknowledged_at, corrected_by
FROM evidence.notice WHERE ministry = %s AND body ->> 'messageId' = %s ORDER BY created_at
"""
_CUSTODY = """
SELECT c.record_id, c.subscriber, c.state, c.reason, c.attempts, c.due, p.delivered_at
FROM outbound.custody c LEFT JOIN outbound.parcel p USING (delivery_id)
WHERE c.record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY c.subscriber
"""


@dataclass(frozen=True, slots=True)
class Tracer:
    """Puts together what all parts know of a message. Bodies are opened to find its records."""

    connectors: Mapping[str, Connector]
    rules: Rules
    keyring: Keyring

    def trace(self, tx: Transaction, key: str) -> list[dict[str, Any]]:
        """Follow a message id, or the id of one record; several ministries may use one id."""
        record = key.replace("-", "").lower() if _RECORD_ID.fullmatch(key) else None
        names = [*self.connectors, ENTERED_BY, "unknown"]
        params = {"key": key, "ministries": as_json(names), "record": record}
        return [self._message(tx, row, record) for row in tx.rows(_MESSAGES, params)]

    def _message(self, tx: Transaction, row: Row, record: str | None) -> dict[str, Any]:
        params = {"journal_id": row["journal_id"], "record": record, "most": MOST}
        records = tx.rows(_RECORDS, params)
        ids = [each["record_id"].hex for each in records]
        told = _by_record(disclosures.of_records(tx, ids))
        held = _by_record(tx.rows(_CUSTODY, [as_json(ids)]))
        found = {
            "findings": _by_record(tx.rows(_FINDINGS, [as_json(ids)])),
            "retries": _by_record(tx.rows(_RETRIES, [as_json(ids)])),
        }
        stands = self._stands(tx, row, ids)
        return row | {
            "records": [
                each
                | {part: rows.get(each["record_id"].hex, []) for part, rows in found.items()}
                | {
                    "registry": stands.get(each["record_id"].hex),
                    "disclosures": told.get(each["record_id"].hex, []),
                    "custody": held.get(each["record_id"].hex, []),
                }
                for each in records
            ],
            "letters": [_letter(tx, letter) for letter in tx.rows(_LETTERS, [as_json(ids)])],
            "notices": tx.rows(_NOTICES, [row["ministry"], row["message_id"]]),
            "delivered": delivered(held.values()),
        }

    def _stands(
        self, tx: Transaction, row: Row, ids: Sequence[str]
    ) -> dict[str, dict[str, Any] | None]:
        sealed = journal.read(tx, [row["journal_id"]], self.keyring)
        events = [e for each in sealed for e in events_of(each, self.connectors, self.rules)]
        return {event.id: standing(tx, event) for event in events if event.id in ids}


def delivered(custody: Iterable[Sequence[Row]]) -> dict[str, int]:
    """Count subscribers that something of a message is due to, and those that have it all."""
    by_subscriber: dict[str, list[bool]] = {}
    for rows in custody:
        for row in rows:
            had = row["state"] == "sent" and row["delivered_at"] is not None
            by_subscriber.setdefault(row["subscriber"], []).append(had)
    return {"to": sum(map(all, by_subscriber.values())), "of": len(by_subscriber)}


def _letter(tx: Transaction, row: Row) -> dict[str, Any]:
    letter_id = row["letter_id"].hex
    (letter,) = queries.letters(tx, [letter_id])
    kept = ("letter_id", "origin", "cause", "field", "state", "failures", "replays", "parked_at")
    history = dict(queries.history(tx, letter_id))
    for correction in history["corrections"]:
        del correction["difference"]
    acts = audit.about(tx, f"letter:{letter_id}")
    return {name: letter[name] for name in kept} | history | {"acts": acts}


def _by_record(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["record_id"].hex, []).append(row)
    return found
