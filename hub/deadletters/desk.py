"""The desk: everything an operator can do, in one place, for the command line and a console.

Each act authenticates its operator and is written to the audit in the transaction that does it.
Looking at lists and counts is no act; looking at a letter is, for it shows a person's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.deadletters import correcting, queries, store
from hub.deadletters.correction import correct, editable
from hub.deadletters.judging import described, judge
from hub.deadletters.letter import State
from hub.deadletters.queries import Filter, Place
from hub.deadletters.reading import Reader
from hub.evidence import audit, operators, record_log
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.record_log import Settlement
from hub.evidence.record_log import State as Record
from hub.evidence.sealing import Keyring
from hub.store.database import Database, Row, Transaction, as_json

_PAGE = 100
_LOCK = """
SELECT letter_id, state FROM desk.letter
WHERE letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY letter_id FOR UPDATE
"""
_DISCARD = """
UPDATE desk.letter SET state = 'discarded', changed_at = %s
WHERE letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""
_RUNS = """
SELECT run_id, operator, reason, chosen, per_second, total, sent, passed, started_at, seen_at,
    ended_at, ending
FROM desk.run ORDER BY started_at DESC LIMIT 10
"""
_IN_DOUBT = "SELECT count(*) AS n FROM desk.letter WHERE state = 'sending' AND changed_at < %s"


@dataclass(frozen=True, slots=True)
class Desk:
    """What operators do with dead letters. ``clock`` gives the time (aware).

    Where ``four_eyes``, a correction needs a second operator. Every method raises ``Declined``
    where a rule of the desk forbids what is asked.
    """

    database: Database
    reader: Reader
    clock: Callable[[], datetime]
    four_eyes: bool = True
    settle: timedelta = timedelta(seconds=60)

    def letters(
        self, token: str | None, chosen: Filter, *, most: int = 50, after: str | None = None
    ) -> list[Row]:
        """List letters, latest parked first; the next page begins behind the letter ``after``."""
        with self.database.transaction() as tx:
            who = operators.authenticate(tx, token)
            if chosen.find is not None:
                audit.record(tx, Act(who.name, "searched", "desk:letters"), self.clock())
            place = _place(tx, after) if after else None
            rows = queries.page(tx, chosen, most, place)
            records = queries.records(tx, [row["letter_id"].hex for row in rows])
        return [
            row | {"records": [record["state"] for record in records.get(row["letter_id"].hex, [])]}
            for row in rows
        ]

    def groups(self, token: str | None, state: State = State.PARKED) -> list[Row]:
        """Group letters by ministry, cause and field, largest group first."""
        with self.database.transaction() as tx:
            operators.authenticate(tx, token)
            return queries.groups(tx, state)

    def status(self, token: str | None) -> dict[str, Any]:
        """Count letters by state, and show the latest replays with how far they are.

        ``inDoubt`` letters were claimed a while ago and never seen to be confirmed.
        """
        with self.database.transaction() as tx:
            operators.authenticate(tx, token)
            (doubt,) = tx.rows(_IN_DOUBT, [self.clock() - self.settle])
            return {
                "letters": queries.states(tx),
                "inDoubt": doubt["n"],
                "runs": tx.rows(_RUNS),
            }

    def show(self, token: str | None, letter_id: str, *, with_body: bool = False) -> dict[str, Any]:
        """Show a letter: sealed hash, records, history, acts, and what the registry would say.

        ``body`` is what a correction starts from; it is given only ``with_body``.
        """
        now = self.clock()
        with self.database.transaction() as tx:
            who = operators.authenticate_for_persons(tx, token)
            letter, body = _letter(tx, letter_id, self.reader.keyring)
            act = Act(who.name, "body-viewed" if with_body else "viewed", f"letter:{letter_id}")
            audit.record(tx, act, now)
            (judged,) = judge(tx, [letter_id], self.reader, now, even_if_newer=False)
            history = dict(queries.history(tx, letter_id))
            return letter | {
                "records": queries.records(tx, [letter_id]).get(letter_id, []),
                **history,
                "verdict": judged.verdict,
                "registry": [asdict(effect) for effect in judged.effects],
                "acts": audit.about(tx, f"letter:{letter_id}"),
                "body": editable(letter, body, self.reader, now) if with_body else None,
            }

    def correct(self, token: str | None, letter_id: str, content: bytes, reason: str) -> Row:
        """Propose a correction: the record as JSON, or a raw message's whole document.

        Return ``correction_id``, ``state`` of the letter, and ``difference``.
        """
        now = self.clock()
        _with_reason(reason)
        with self.database.transaction() as tx:
            who = operators.authenticate_for_persons(tx, token)
            letter, body = _letter(tx, letter_id, self.reader.keyring)
            made = correct(letter, body, content, self.reader, now)
            state = correcting.propose(
                tx,
                who,
                letter_id,
                made,
                reason=reason,
                four_eyes=self.four_eyes,
                now=now,
                keyring=self.reader.keyring,
            )
        return {
            "correction_id": made.correction_id,
            "state": state,
            "difference": made.difference,
        }

    def decide(
        self, token: str | None, correction_id: str, *, approve: bool, reason: str | None = None
    ) -> State:
        """Approve or reject a correction, by the id under which it was shown."""
        if not approve:
            _with_reason(reason)
        with self.database.transaction() as tx:
            return correcting.decide(
                tx,
                operators.authenticate(tx, token),
                correction_id,
                approve=approve,
                reason=reason,
                four_eyes=self.four_eyes,
                now=self.clock(),
            )

    def discard(self, token: str | None, letter_ids: Sequence[str], reason: str) -> int:
        """Give letters up for good; return how many. Those under way or closed are left alone."""
        _with_reason(reason)
        now = self.clock()
        with self.database.transaction() as tx:
            who = operators.authenticate(tx, token)
            locked = tx.rows(_LOCK, [as_json(list(letter_ids))])
            ids = [row["letter_id"].hex for row in locked if State(row["state"]).waiting]
            tx.execute(_DISCARD, [now, as_json(ids)])
            correcting.withdraw(tx, ids)
            records = queries.records(tx, ids)
            parked = {r["record_id"].hex for x in records.values() for r in x if _is_parked(r)}
            given_up = [Settlement(key, Record.DISCARDED, "discarded") for key in sorted(parked)]
            record_log.settle(tx, given_up, now)
            for each in ids:
                audit.record(tx, Act(who.name, "discarded", f"letter:{each}", reason), now)
        return len(ids)

    def preview(
        self, token: str | None, chosen: Filter | Sequence[str], *, even_if_newer: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Say for each letter whether a replay would send it and what the registry would change."""
        last: Row | None = None
        with self.database.transaction() as tx:
            who = operators.authenticate_for_persons(tx, token)
            detail = chosen.chosen if isinstance(chosen, Filter) else {"letters": list(chosen)}
            act = Act(who.name, "previewed", "desk:letters", None, {"chosen": detail})
            audit.record(tx, act, self.clock())
        while True:
            with self.database.transaction() as tx:
                operators.authenticate_for_persons(tx, token)
                ids = list(chosen) if not isinstance(chosen, Filter) else []
                if isinstance(chosen, Filter):
                    rows = queries.in_order(tx, chosen, _PAGE, last)
                    ids, last = [row["letter_id"].hex for row in rows], rows[-1] if rows else None
                now = self.clock()
                judged = judge(tx, ids, self.reader, now, even_if_newer=even_if_newer)
            yield from map(described, judged)
            if last is None:
                return


def _letter(tx: Transaction, letter_id: str, keyring: Keyring) -> tuple[Row, bytes]:
    rows, bodies = queries.letters(tx, [letter_id]), store.bodies(tx, [letter_id], keyring)
    if not rows:
        raise Declined("letter-unknown", "there is no letter of that id")
    if not bodies:
        raise Declined("letter-destroyed", "its body is gone: the key it was sealed with is")
    return rows[0], bodies[letter_id]


def _place(tx: Transaction, letter_id: str) -> Place:
    rows = queries.letters(tx, [letter_id])
    if not rows:
        raise Declined("letter-unknown", "there is no letter of that id")
    return Place(rows[0]["parked_at"], letter_id)


def _with_reason(reason: str | None) -> None:
    if not reason or not reason.strip():
        raise Declined("reason-missing", "say why")


def _is_parked(record: Row) -> bool:
    return bool(record["state"] == Record.PARKED)
