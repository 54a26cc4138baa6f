"""What a stored letter holds, and the message by which it is sent again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors._kit.contract import Connector, Rules
from hub.deadletters.letter import is_raw
from hub.evidence.sealing import Keyring
from hub.intake.arrival import read
from hub.intake.reading import Held, read_records
from hub.store.database import Row
from routing.keys import DEFAULT
from routing.message import ATTEMPTS, CAUSE, PUBLISHED_AT, REPLAY, Delivery, Message, Tag
from routing.parking import EXPLANATION, PARKED_AT
from schemas.envelope import Event, decode_batch
from schemas.errors import Refused

_OF_ITS_DEATH = (CAUSE, EXPLANATION, PARKED_AT)
_DEADLY = "killed-process"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads bodies as intake or the registry would."""

    connectors: Mapping[str, Connector]
    rules: Rules
    keyring: Keyring = field(default_factory=Keyring)

    def events(self, letter: Row, body: bytes, now: datetime) -> list[Event]:
        """List the events a body holds; none where it cannot be read or reading it kills."""
        if is_raw(letter["origin"]):
            return [held.event for held in self.held(letter, body, now) if held.event]
        try:
            return list(decode_batch(body))
        except Refused:
            return []

    def held(self, letter: Row, body: bytes, now: datetime) -> tuple[Held, ...]:
        """List the records a ministry's message holds; none where reading it killed a process."""
        if letter["cause"] == _DEADLY:
            return ()
        arrived = read(_delivery(letter, body), now)
        return read_records(arrived, self.connectors, self.rules)


def replay_key(letter_id: str, number: int) -> str:
    """Name one replay of a letter: it travels along, so that a failure tells whose it is."""
    return f"{letter_id}.{number}"


def again(letter: Row, body: bytes, number: int, now: datetime) -> Message:
    """Make the message that goes back to the queue a letter came from, as it was.

    Not through its first exchange: that would hand it to everybody else a second time.
    """
    kept = {key: value for key, value in letter["headers"].items() if key not in _OF_ITS_DEATH}
    # The registry reads off this header how far its queue is settled; for intake it is evidence
    # of when the ministry published.
    fresh = {} if is_raw(letter["origin"]) else {PUBLISHED_AT: now.astimezone(UTC).isoformat()}
    return Message(
        exchange=DEFAULT,
        routing_key=letter["origin"],
        body=body,
        message_id=letter["message_id"],
        content_type=letter["content_type"],
        headers=kept | fresh | {ATTEMPTS: 0, REPLAY: replay_key(letter["letter_id"].hex, number)},
        timestamp=now,
    )


def _delivery(letter: Row, body: bytes) -> Delivery:
    return Delivery(
        tag=Tag(0, 0),
        queue=letter["origin"],
        exchange=DEFAULT,
        routing_key=letter["origin"],
        body=body,
        message_id=letter["message_id"],
        content_type=letter["content_type"],
        headers=letter["headers"],
    )
