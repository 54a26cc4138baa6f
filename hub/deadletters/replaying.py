"""Replaying: back to the queue they came from, in order, at a limited rate, and never twice.

Each letter is claimed in the ledger under its lock and that is committed; then it is published
and confirmed; then that is noted. Whoever comes second finds the claim. What was claimed and
never seen to be confirmed is not published again by anybody at the desk before the record log
shows that nothing came of it.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from hub.deadletters import correcting, queries
from hub.deadletters.guard import Verdict
from hub.deadletters.judging import Judged, judge
from hub.deadletters.letter import State
from hub.deadletters.queries import Filter
from hub.deadletters.reading import Reader
from hub.evidence import audit, operators, record_log
from hub.evidence.audit import Act
from hub.store.database import Database, Row, Transaction, as_json
from routing.bus import Publisher, Unroutable
from schemas.errors import HubError, Stop

Progress = Callable[[int, int], None]
_MOST_AT_ONCE = 100

_LOCK = """
SELECT letter_id FROM desk.letter
WHERE letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY letter_id FOR UPDATE
"""

_CLAIM = """
WITH claimed AS (
    UPDATE desk.letter SET state = 'sending', replays = replays + 1, mark = NULL,
        changed_at = %(now)s
    WHERE letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%(ids)s::jsonb))
      AND state IN ('parked', 'approved')
    RETURNING letter_id, replays
)
INSERT INTO desk.replay (letter_id, number, run_id, operator, claimed_at)
SELECT letter_id, replays, %(run_id)s, %(operator)s, %(now)s FROM claimed
"""

_MARK = """
UPDATE desk.letter AS l SET mark = r.mark, state = coalesce(r.state, l.state), changed_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (letter_id uuid, mark text, state text)
WHERE l.letter_id = r.letter_id
"""

_SENT = """
WITH confirmed AS (
    UPDATE desk.replay AS p SET sent_at = %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (letter_id uuid, number integer, state text)
    WHERE (p.letter_id, p.number) = (r.letter_id, r.number)
)
UPDATE desk.letter AS l SET state = r.state, changed_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (letter_id uuid, number integer, state text)
WHERE l.letter_id = r.letter_id AND l.replays = r.number AND l.state = 'sending'
"""

_BEGIN = """
INSERT INTO desk.run (run_id, operator, reason, chosen, per_second, total, started_at, seen_at)
VALUES (%s, %s, %s, %s::jsonb, %s, %s, %s, %s)
"""

_ADVANCE = """
UPDATE desk.run SET sent = %s, passed = %s::jsonb, seen_at = %s WHERE run_id = %s
"""

_END = "UPDATE desk.run SET ended_at = %s, ending = %s WHERE run_id = %s"


@dataclass(slots=True)
class Run:
    """One press of the button: how many letters it chose, sent and passed over, and why."""

    run_id: str
    total: int
    sent: int = 0
    passed: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        """Letters dealt with so far."""
        return self.sent + sum(self.passed.values())


@dataclass(frozen=True, slots=True)
class Replayer:
    """Sends letters again. ``clock`` gives the time (aware); ``stop`` ends it between two steps.

    ``per_second`` bounds how many letters are sent, so that live traffic keeps its place.
    """

    database: Database
    publisher: Publisher
    reader: Reader
    clock: Callable[[], datetime]
    per_second: int
    stop: threading.Event

    def replay(
        self,
        token: str | None,
        chosen: Filter | Sequence[str],
        *,
        reason: str | None = None,
        even_if_newer: bool = False,
        progress: Progress = lambda _done, _total: None,
    ) -> Run:
        """Send what is chosen, by filter or by letter ids; who holds ``token`` answers for it.

        The token is checked again with every step. Raises ``Declined``, ``Unavailable`` or
        ``Stop``; what was claimed by then is under way, and a later replay goes on behind it.
        """
        run = self._begin(token, chosen, reason)
        ending = "interrupted"
        try:
            for ids in self._steps(chosen):
                progress(run.done, run.total)
                sent = self._step(token, run, ids, even_if_newer=even_if_newer)
                if self.stop.wait(sent / self.per_second):
                    break
            else:
                ending = "done"
            progress(run.done, run.total)
        except Unroutable as error:
            ending = "failed"
            raise Stop(f"nowhere to send a letter to: {error}") from error
        except HubError:
            ending = "failed"
            raise
        finally:
            with suppress(HubError), self.database.transaction() as tx:
                tx.execute(_END, [self.clock(), ending, run.run_id])
        return run

    def _begin(self, token: str | None, chosen: Filter | Sequence[str], reason: str | None) -> Run:
        now, run_id = self.clock(), uuid.uuid4().hex
        detail = chosen.chosen if isinstance(chosen, Filter) else {"letters": list(chosen)}
        with self.database.transaction() as tx:
            who = operators.authenticate(tx, token)
            total = queries.count(tx, chosen) if isinstance(chosen, Filter) else len(chosen)
            values = [as_json(detail), self.per_second, total, now, now]
            tx.execute(_BEGIN, [run_id, who.name, reason, *values])
            act = Act(who.name, "replayed", f"run:{run_id}", reason, {"chosen": detail})
            audit.record(tx, act, now)
        return Run(run_id, total)

    def _steps(self, chosen: Filter | Sequence[str]) -> Iterator[list[str]]:
        most = min(_MOST_AT_ONCE, self.per_second)
        if not isinstance(chosen, Filter):
            yield from (list(chosen[at : at + most]) for at in range(0, len(chosen), most))
            return
        last: Row | None = None
        while True:
            with self.database.transaction() as tx:
                rows = queries.in_order(tx, chosen, most, last)
            if not rows:
                return
            last = rows[-1]
            yield [row["letter_id"].hex for row in rows]

    def _step(self, token: str | None, run: Run, ids: Sequence[str], *, even_if_newer: bool) -> int:
        now = self.clock()
        with self.database.transaction() as tx:
            who = operators.authenticate(tx, token)
            tx.rows(_LOCK, [as_json(list(ids))])
            judged = judge(tx, ids, self.reader, now, even_if_newer=even_if_newer)
            send = [each for each in judged if each.verdict is Verdict.SEND]
            self._claim(tx, send, run, who.name, now)
            _mark_passed(tx, judged, now)
        self.publisher.publish([each.message(now) for each in send])
        run.sent += len(send)
        run.passed.update(str(each.verdict) for each in judged if each.verdict is not Verdict.SEND)
        self._note_sent(run, send)
        return len(send)

    def _claim(
        self, tx: Transaction, send: Sequence[Judged], run: Run, name: str, now: datetime
    ) -> None:
        ids = [each.letter_id for each in send]
        params = {"ids": as_json(ids), "run_id": run.run_id, "operator": name, "now": now}
        tx.execute(_CLAIM, params)
        for each in send:
            if each.correction:
                correcting.admit(
                    tx, each.letter, each.correction, each.records, now, self.reader.keyring
                )
        record_log.resumed(tx, [key for each in send for key in each.on_its_way], now)
        for each in send:
            audit.record(
                tx,
                Act(name, "sent", f"letter:{each.letter_id}", None, {"run": run.run_id}),
                now,
            )

    def _note_sent(self, run: Run, send: Sequence[Judged]) -> None:
        now = self.clock()
        rows = [
            {
                "letter_id": each.letter_id,
                "number": each.number,
                "state": State.REPLACED if each.correction else State.SENT,
            }
            for each in send
        ]
        with self.database.transaction() as tx:
            # In the order in which everybody locks letters: another replay may hold some of these.
            tx.rows(_LOCK, [as_json([each.letter_id for each in send])])
            tx.execute(_SENT, {"rows": as_json(rows), "now": now})
            correcting.sent(tx, [each.letter_id for each in send if each.correction])
            tx.execute(_ADVANCE, [run.sent, as_json(dict(run.passed)), now, run.run_id])


def _mark_passed(tx: Transaction, judged: Sequence[Judged], now: datetime) -> None:
    """Leave a mark on letters that were held back, and close those that are settled already."""
    newer = [
        {"letter_id": each.letter_id, "mark": str(Verdict.NEWER_DATA)}
        for each in judged
        if each.verdict is Verdict.NEWER_DATA
    ]
    settled = [
        {"letter_id": each.letter_id, "state": str(State.SETTLED)}
        for each in judged
        if each.verdict is Verdict.ALREADY_SETTLED
    ]
    if newer or settled:
        tx.execute(_MARK, {"rows": as_json(newer + settled), "now": now})
