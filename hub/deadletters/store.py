"""Letters in PostgreSQL: kept once, counted with their history, the body sealed as it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from hub.deadletters.letter import Letter, is_raw
from hub.evidence import record_log
from hub.evidence.record_log import Settlement
from hub.evidence.record_log import State as Record
from hub.evidence.sealing import Capsule, KeyDestroyed, Keyring
from hub.store.database import Transaction, as_json

_INSERT = """
INSERT INTO desk.letter (letter_id, origin, message_id, body_sha256, content_type, headers, size,
    ministry, lane, record_type, subject, version, rank, cause, field, explanation, state,
    failures, deliveries, corrects, first_parked_at, parked_at, changed_at)
SELECT r.letter_id, r.origin, r.message_id, r.body_sha256, r.content_type, r.headers, r.size,
    r.ministry, r.lane, r.record_type, r.subject, r.version, r.rank, r.cause, r.field,
    r.explanation, 'parked', 0, 0, c.letter_id, r.parked_at, r.parked_at, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (letter_id uuid, origin text, message_id text,
    body_sha256 text, content_type text, headers jsonb, size integer, ministry text, lane text,
    record_type text, subject text, version bigint, rank smallint, cause text, field text,
    explanation text, parked_at timestamptz)
LEFT JOIN desk.correction c ON c.message_id = r.message_id
ORDER BY r.letter_id
ON CONFLICT (letter_id) DO NOTHING
RETURNING letter_id
"""

_INSERT_BODIES = """
INSERT INTO desk.letter_body (letter_id, key_id, body)
SELECT letter_id, key_id, decode(body, 'base64')
FROM jsonb_to_recordset(%s::jsonb) AS r (letter_id uuid, key_id text, body text)
"""

_COUNT_DELIVERIES = """
UPDATE desk.letter AS l SET deliveries = l.deliveries + r.times
FROM jsonb_to_recordset(%s::jsonb) AS r (letter_id uuid, times integer)
WHERE l.letter_id = r.letter_id
"""

_FAIL = """
INSERT INTO desk.failure (letter_id, occurrence, cause, field, explanation, attempts, replay,
    parked_at, drained_at)
SELECT letter_id, occurrence, cause, field, explanation, attempts, replay, parked_at, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (letter_id uuid, occurrence text, cause text,
    field text, explanation text, attempts integer, replay text, parked_at timestamptz)
ORDER BY letter_id, occurrence
ON CONFLICT (letter_id, occurrence) DO NOTHING
RETURNING letter_id, occurrence
"""

# Only the failure of its latest replay brings a letter back: one that was delivered late, from
# before, must not make it look as if nothing were on its way. Nor does any other count as a change
# of the letter: from changed_at on the sweep looks for what became of the replay.
_RETURN = """
UPDATE desk.letter AS l
SET failures = l.failures + r.failures, cause = r.cause, field = r.field,
    explanation = r.explanation, parked_at = greatest(l.parked_at, r.parked_at), mark = NULL,
    state = CASE WHEN r.replays ? b.latest AND l.state IN ('sending', 'sent', 'settled')
                 THEN 'parked' ELSE l.state END,
    changed_at = CASE WHEN r.replays ? b.latest THEN %(now)s ELSE l.changed_at END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (letter_id uuid, failures integer, cause text,
    field text, explanation text, replays jsonb, parked_at timestamptz)
JOIN desk.letter o USING (letter_id)
CROSS JOIN LATERAL (
    SELECT replace(o.letter_id::text, '-', '') || '.' || o.replays AS latest) AS b
WHERE l.letter_id = r.letter_id
"""

_LINK = """
INSERT INTO desk.letter_record (letter_id, record_id)
SELECT letter_id, record_id
FROM jsonb_to_recordset(%s::jsonb) AS r (letter_id uuid, record_id uuid)
ORDER BY letter_id, record_id
ON CONFLICT DO NOTHING
"""

_LINK_RAW = """
INSERT INTO desk.letter_record (letter_id, record_id)
SELECT r.letter_id, log.record_id
FROM jsonb_to_recordset(%s::jsonb)
    AS r (letter_id uuid, ministry text, message_id text, body_sha256 text)
JOIN evidence.journal j ON j.ministry = r.ministry AND j.body_sha256 = r.body_sha256
    AND j.message_key IN (r.message_id, r.message_id || '#' || left(r.body_sha256, 12))
JOIN evidence.record_log log ON log.journal_id = j.journal_id
    AND log.state IN ('received', 'retrying', 'parked')
ORDER BY r.letter_id, log.record_id
ON CONFLICT DO NOTHING
"""

_OPEN = """
SELECT DISTINCT log.record_id, l.cause, nullif(l.field, '') AS field
FROM desk.letter_record lr JOIN desk.letter l USING (letter_id)
JOIN evidence.record_log log USING (record_id)
WHERE l.state = 'parked' AND log.state IN ('received', 'retrying')
  AND lr.letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY log.record_id
"""


_BODIES = """
SELECT letter_id, key_id, body FROM desk.letter_body
WHERE letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""


def keep(tx: Transaction, letters: Sequence[Letter], now: datetime, keyring: Keyring) -> int:
    """Keep letters and their failures; return how many failures were not known before.

    The records they hold are parked from here on, whatever their hop managed to note.
    """
    by_id = {letter.letter_id: letter for letter in reversed(letters)}
    inserted = tx.rows(_INSERT, {"rows": as_json([_row(x) for x in by_id.values()]), "now": now})
    new = [by_id[row["letter_id"].hex] for row in inserted]
    if new:
        bodies = [
            keyring.seal(letter.body, _belonging(letter.letter_id)).as_row()
            | {"letter_id": letter.letter_id}
            for letter in new
        ]
        tx.execute(_INSERT_BODIES, [as_json(bodies)])
    times = Counter(letter.letter_id for letter in letters)
    counted = [{"letter_id": key, "times": times[key]} for key in sorted(times)]
    tx.execute(_COUNT_DELIVERIES, [as_json(counted)])
    failed = _fail(tx, letters, now)
    _link(tx, by_id.values())
    _park(tx, {letter.letter_id for letter in failed}, now)
    return len(failed)


def bodies(tx: Transaction, letter_ids: Iterable[str], keyring: Keyring) -> dict[str, bytes]:
    """Read bodies as they were received, by letter id, where their key is not gone."""
    found: dict[str, bytes] = {}
    for row in tx.rows(_BODIES, [as_json(list(letter_ids))]):
        letter_id = row["letter_id"].hex
        capsule = Capsule(row["key_id"], bytes(row["body"]))
        with suppress(KeyDestroyed):
            found[letter_id] = keyring.open(capsule, _belonging(letter_id))
    return found


def _belonging(letter_id: str) -> str:
    return f"letter:{letter_id}"


def _fail(tx: Transaction, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """Note failures that are news; the last one of a letter names its cause."""
    known = {(letter.letter_id, letter.occurrence): letter for letter in letters}
    rows = [_failure(letter) for letter in known.values()]
    noted = tx.rows(_FAIL, {"rows": as_json(rows), "now": now})
    failed = [known[row["letter_id"].hex, row["occurrence"]] for row in noted]
    news: dict[str, list[Letter]] = {}
    for letter in sorted(failed, key=lambda each: each.parked_at):
        news.setdefault(letter.letter_id, []).append(letter)
    if news:
        tx.execute(_RETURN, {"rows": as_json([_news(each) for each in news.values()]), "now": now})
    return failed


def _news(failed: Sequence[Letter]) -> dict[str, Any]:
    replays = [letter.replay for letter in failed if letter.replay]
    return _failure(failed[-1]) | {"failures": len(failed), "replays": replays}


def _link(tx: Transaction, letters: Collection[Letter]) -> None:
    known = [{"letter_id": x.letter_id, "record_id": i} for x in letters for i in x.record_ids]
    if known:
        tx.execute(_LINK, [as_json(known)])
    raw = [
        {
            "letter_id": x.letter_id,
            "ministry": x.ministry,
            "message_id": x.journal_key,
            "body_sha256": x.body_sha256,
        }
        for x in letters
        if is_raw(x.origin)
    ]
    if raw:
        tx.execute(_LINK_RAW, [as_json(raw)])


def _park(tx: Transaction, letter_ids: set[str], now: datetime) -> None:
    if not letter_ids:
        return
    rows = tx.rows(_OPEN, [as_json(sorted(letter_ids))])
    parked = [
        Settlement(row["record_id"].hex, Record.PARKED, row["cause"], row["field"]) for row in rows
    ]
    record_log.settle(tx, parked, now)


def _row(letter: Letter) -> dict[str, Any]:
    return {
        "letter_id": letter.letter_id,
        "origin": letter.origin,
        "message_id": letter.message_id,
        "body_sha256": letter.body_sha256,
        "content_type": letter.content_type,
        "headers": letter.headers,
        "size": len(letter.body),
        "ministry": letter.ministry,
        "lane": letter.lane,
        "record_type": letter.record_type,
        "subject": letter.subject,
        "version": letter.version,
        "rank": letter.rank,
        "cause": letter.cause,
        "field": letter.field,
        "explanation": letter.explanation,
        "parked_at": letter.parked_at,
    }


def _failure(letter: Letter) -> dict[str, Any]:
    return {
        "letter_id": letter.letter_id,
        "occurrence": letter.occurrence,
        "cause": letter.cause,
        "field": letter.field,
        "explanation": letter.explanation,
        "attempts": letter.attempts,
        "replay": letter.replay,
        "parked_at": letter.parked_at,
    }
