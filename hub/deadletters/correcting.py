"""Corrections in the store: proposed by one operator, approved by another, sent once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.deadletters.correction import Correction, admission
from hub.deadletters.letter import State
from hub.evidence import audit, journal, notices, operators, record_log
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.operators import Operator
from hub.evidence.record_log import Settlement
from hub.evidence.record_log import State as Record
from hub.evidence.sealing import Capsule, Keyring
from hub.store.database import Row, Transaction, as_json

_LOCK = "SELECT letter_id, state FROM desk.letter WHERE letter_id = %s FOR UPDATE"

_WITHDRAW = """
UPDATE desk.correction SET state = 'withdrawn'
WHERE letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
  AND state IN ('proposed', 'approved')
"""

_PROPOSE = """
INSERT INTO desk.correction AS c (correction_id, letter_id, state, message_id, record_id, key_id,
    body, body_sha256, difference, reason, editor, edited_at, decided_by, decided_at)
VALUES (%(correction_id)s, %(letter_id)s, %(state)s, %(message_id)s, %(record_id)s,
    %(key_id)s, decode(%(body)s, 'base64'), %(body_sha256)s, %(difference)s::jsonb, %(reason)s,
    %(editor)s, %(now)s, NULL, NULL)
ON CONFLICT (correction_id) DO UPDATE
SET state = excluded.state, reason = excluded.reason, editor = excluded.editor,
    edited_at = excluded.edited_at, decided_by = NULL, decided_at = NULL
WHERE c.state IN ('withdrawn', 'rejected')
"""

_DECIDING = """
SELECT c.letter_id, c.state, c.editor FROM desk.correction c WHERE c.correction_id = %s
"""

_DECIDE = """
UPDATE desk.correction SET state = %s, decided_by = %s, decided_at = %s WHERE correction_id = %s
"""

_MOVE = "UPDATE desk.letter SET state = %s, changed_at = %s WHERE letter_id = %s"

_APPROVED = """
SELECT correction_id, letter_id, message_id, record_id, key_id, body, body_sha256
FROM desk.correction
WHERE state = 'approved'
  AND letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""

_SENT = """
UPDATE desk.correction SET state = 'sent'
WHERE state = 'approved'
  AND letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""

_LINK = "INSERT INTO desk.letter_record VALUES (%s, %s) ON CONFLICT DO NOTHING"


def propose(
    tx: Transaction,
    operator: Operator,
    letter_id: str,
    correction: Correction,
    *,
    reason: str,
    four_eyes: bool,
    now: datetime,
    keyring: Keyring,
) -> State:
    """Keep a correction in place of any earlier one that stands; return the letter's new state.

    Without ``four_eyes`` it is approved at once. Raises ``Declined`` (``letter-closed``).
    """
    (letter,) = tx.rows(_LOCK, [letter_id])
    if not State(letter["state"]).waiting:
        raise Declined("letter-closed", f"the letter is {letter['state']}")
    state = State.PROPOSED if four_eyes else State.APPROVED
    withdraw(tx, [letter_id])
    tx.execute(
        _PROPOSE,
        {
            "correction_id": correction.correction_id,
            "letter_id": letter_id,
            "state": str(state),
            "message_id": correction.message_id,
            "record_id": correction.record_id,
            "body_sha256": correction.body_sha256,
            "difference": as_json(correction.difference),
            "reason": reason,
            "editor": operator.name,
            "now": now,
        }
        | keyring.seal(correction.body, _belonging(correction.correction_id)).as_row(),
    )
    tx.execute(_MOVE, [str(state), now, letter_id])
    detail = {"correction": correction.correction_id, "sha256": correction.body_sha256}
    audit.record(tx, Act(operator.name, "corrected", f"letter:{letter_id}", reason, detail), now)
    return state


def decide(
    tx: Transaction,
    operator: Operator,
    correction_id: str,
    *,
    approve: bool,
    reason: str | None,
    four_eyes: bool,
    now: datetime,
) -> State:
    """Approve or reject exactly this correction; return the letter's new state.

    Raises ``Declined``: ``correction-unknown``, ``correction-decided``, and ``own-act`` where
    the operator and the editor may be the same person.
    """
    letter_id = _lock_letter_of(tx, correction_id)
    (correction,) = tx.rows(_DECIDING, [correction_id])
    if correction["state"] != "proposed":
        raise Declined("correction-decided", f"the correction is {correction['state']}")
    if approve and four_eyes and operator.may_be(operators.named(tx, correction["editor"])):
        raise Declined("own-act", "a correction is approved by somebody else than its editor")
    decision = "approved" if approve else "rejected"
    tx.execute(_DECIDE, [decision, operator.name, now, correction_id])
    state = State.APPROVED if approve else State.PARKED
    tx.execute(_MOVE, [str(state), now, letter_id])
    act = Act(operator.name, decision, f"letter:{letter_id}", reason, {"correction": correction_id})
    audit.record(tx, act, now)
    return state


def withdraw(tx: Transaction, letter_ids: Iterable[str]) -> None:
    """Take back the corrections of some letters that were not sent."""
    tx.execute(_WITHDRAW, [as_json(list(letter_ids))])


def approved(tx: Transaction, letter_ids: Iterable[str], keyring: Keyring) -> dict[str, Row]:
    """Read approved corrections, bodies unsealed, by letter id."""
    rows = tx.rows(_APPROVED, [as_json(list(letter_ids))])
    return {
        row["letter_id"].hex: row
        | {
            "body": keyring.open(
                Capsule(row["key_id"], bytes(row["body"])), _belonging(row["correction_id"].hex)
            )
        }
        for row in rows
    }


def _belonging(correction_id: str) -> str:
    return f"correction:{correction_id}"


def admit(
    tx: Transaction,
    letter: Row,
    correction: Row,
    records: Iterable[Row],
    now: datetime,
    keyring: Keyring,
) -> None:
    """Put a correction where its original was: journalled, in the record log, notices linked.

    The parked ``records`` of the letter are replaced from here on. Doing this again does nothing.
    """
    sealed, entry = admission(letter, correction, correction["body"], now)
    (admitted,) = journal.admit(tx, [sealed], now, keyring)
    record_log.admit(tx, [entry._replace(journal_id=admitted.journal_id)], now)
    old = [row["record_id"].hex for row in records if row["state"] == Record.PARKED]
    replaced = [
        Settlement(key, Record.REPLACED, "corrected") for key in old if key != entry.record_id
    ]
    record_log.settle(tx, replaced, now)
    if entry.state is Record.PARKED:
        tx.execute(_LINK, [letter["letter_id"], entry.record_id])
        made = notices.Correction(letter["ministry"], letter["message_id"], sealed.message_id)
        notices.link(tx, [made], now)


def sent(tx: Transaction, letter_ids: Iterable[str]) -> None:
    """Note that the broker has confirmed the corrections of some letters."""
    tx.execute(_SENT, [as_json(list(letter_ids))])


def _lock_letter_of(tx: Transaction, correction_id: str) -> str:
    found = tx.rows(_DECIDING, [correction_id])
    if not found:
        raise Declined("correction-unknown", "there is no correction of that id")
    letter_id = found[0]["letter_id"].hex
    tx.rows(_LOCK, [letter_id])
    return str(letter_id)
