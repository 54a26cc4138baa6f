"""What became of replayed letters: read off the record log, where every hop leaves its outcome."""

from __future__ import annotations

from datetime import datetime

from hub.store.database import Transaction

_AT_ONCE = 1000

# A letter under way is waited for while one of its records is open: then a queue holds it, or the
# relay gives it a new holder. It is at its end when all its records are. It comes back when a
# record was parked after it was sent, or when its publish was never seen to be confirmed and
# nothing came of it: whatever was published then does no harm a second time.
_FOLLOW = """
WITH under_way AS (
    SELECT letter_id, state, changed_at FROM desk.letter
    WHERE state IN ('sending', 'sent')
    ORDER BY changed_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
), seen AS (
    SELECT u.letter_id, u.state, u.changed_at < %(before)s AS long_ago,
        count(log.record_id) AS records,
        count(*) FILTER (WHERE log.state IN ('received', 'retrying')) AS still_open,
        count(*) FILTER (WHERE log.state = 'parked') AS parked,
        count(*) FILTER (WHERE log.state = 'parked' AND log.settled_at > u.changed_at) AS anew
    FROM under_way u
    LEFT JOIN desk.letter_record lr USING (letter_id)
    LEFT JOIN evidence.record_log log USING (record_id)
    GROUP BY u.letter_id, u.state, u.changed_at
), decided AS (
    SELECT s.letter_id, CASE
        WHEN s.still_open > 0 THEN NULL
        WHEN s.records > 0 AND s.parked = 0 THEN
            CASE WHEN c.state IS NULL THEN 'settled' ELSE 'replaced' END
        WHEN NOT s.long_ago THEN NULL
        WHEN s.state = 'sending' THEN CASE WHEN c.state IS NULL THEN 'parked' ELSE 'approved' END
        WHEN s.anew > 0 THEN 'parked'
        WHEN s.records = 0 THEN 'settled' END AS becomes, s.state = 'sending' AS in_doubt
    FROM seen s
    LEFT JOIN desk.correction c ON c.letter_id = s.letter_id AND c.state = 'approved'
), closed AS (
    UPDATE desk.correction AS c SET state = 'sent'
    FROM decided d
    WHERE c.letter_id = d.letter_id AND c.state = 'approved' AND d.becomes = 'replaced'
)
UPDATE desk.letter AS l
SET state = d.becomes, changed_at = %(now)s,
    mark = CASE WHEN d.in_doubt AND d.becomes IN ('parked', 'approved') THEN 'in-doubt' END
FROM decided d WHERE l.letter_id = d.letter_id AND d.becomes IS NOT NULL
"""

_WAITING = """
SELECT ministry, count(*) AS letters FROM desk.letter
WHERE state IN ('parked', 'proposed', 'approved') GROUP BY ministry
"""


def follow(tx: Transaction, before: datetime, now: datetime) -> int:
    """Close letters whose records have an outcome and bring back those that nothing came of.

    What was sent after ``before`` is given time. Return how many letters changed their state.
    """
    return tx.execute(_FOLLOW, {"before": before, "now": now, "most": _AT_ONCE})


def waiting(tx: Transaction) -> dict[str, int]:
    """Count letters that wait for a person, by ministry."""
    return {row["ministry"]: row["letters"] for row in tx.rows(_WAITING)}
