"""Letters with all that bears on whether they may be sent again, and the verdict on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hub.deadletters import correcting, difference, queries, store
from hub.deadletters.correction import message_of
from hub.deadletters.difference import Effect
from hub.deadletters.guard import Verdict, verdict
from hub.deadletters.letter import WHOLE, State
from hub.deadletters.reading import Reader, again
from hub.evidence.record_log import State as Record
from hub.store.database import Row, Transaction
from routing.message import Message


@dataclass(frozen=True, slots=True)
class Judged:
    """A letter with what is known of it under its lock, and the verdict."""

    letter: Row
    body: bytes
    correction: Row | None
    records: Sequence[Row]
    effects: tuple[Effect, ...]
    verdict: Verdict

    @property
    def letter_id(self) -> str:
        """The letter's id as hex digits."""
        return str(self.letter["letter_id"].hex)

    @property
    def number(self) -> int:
        """Which replay of this letter the next one is."""
        return int(self.letter["replays"]) + 1

    def message(self, now: datetime) -> Message:
        """Make the message that is published."""
        if self.correction:
            return message_of(self.letter, self.correction, self.body, self.number, now)
        return again(self.letter, self.body, self.number, now)

    @property
    def on_its_way(self) -> list[str]:
        """Records that travel with the letter; those of a whole message are not known yet."""
        if self.correction:
            return []
        return [row["record_id"].hex for row in self.records if row["record_type"] != WHOLE]


def judge(
    tx: Transaction, ids: Sequence[str], reader: Reader, now: datetime, *, even_if_newer: bool
) -> list[Judged]:
    """Judge letters, in the order of ``ids``; unknown ids are left out."""
    letters = {row["letter_id"].hex: row for row in queries.letters(tx, ids)}
    bodies, records = store.bodies(tx, letters, reader.keyring), queries.records(tx, letters)
    corrections = correcting.approved(tx, letters, reader.keyring)
    known = [key for key in dict.fromkeys(ids) if key in letters and key in bodies]
    sent = {key: corrections[key]["body"] if key in corrections else bodies[key] for key in known}
    events = {key: reader.events(letters[key], sent[key], now) for key in known}
    effects = difference.effects(tx, [event for key in known for event in events[key]])
    return [
        _judged(
            letters[key],
            sent[key],
            corrections.get(key),
            records.get(key, []),
            tuple(effects[event.id] for event in events[key]),
            even_if_newer=even_if_newer,
        )
        for key in known
    ]


def described(judged: Judged) -> dict[str, Any]:
    """Render a verdict and what would change in the registry, for a dry run."""
    return {
        "letter": judged.letter_id,
        "verdict": judged.verdict,
        "corrected": judged.correction is not None,
        "effects": [asdict(effect) for effect in judged.effects],
    }


def _judged(
    letter: Row,
    body: bytes,
    correction: Row | None,
    records: Sequence[Row],
    effects: tuple[Effect, ...],
    *,
    even_if_newer: bool,
) -> Judged:
    found = verdict(
        State(letter["state"]),
        [Record(row["state"]) for row in records],
        [effect.outcome for effect in effects],
        even_if_newer=even_if_newer,
    )
    return Judged(letter, body, correction, records, effects, found)
