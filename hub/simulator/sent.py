"""What the simulator sends, with what must become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.simulator import identifiers
from routing.message import Message

MESSAGE_ID_REUSED = "message-id-reused"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of one record: ``rule`` None means accepted, else refused for it.

    ``record_type`` is empty where a refusal leaves it open.
    """

    ordinal: int
    record_type: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, and the truth about it.

    ``fault`` names what is irregular about it, None for ordinary traffic; ``again`` marks a
    message that tells nothing new: the same bytes under the same id went out before.
    """

    message: Message
    ministry: str
    expected: Sequence[Expected]
    fault: str | None = None
    again: bool = False

    @property
    def message_key(self) -> str:
        """The id under which the hub must account for the message."""
        if not self.message.message_id:
            return identifiers.content_id(self.message.body)
        if any(item.rule == MESSAGE_ID_REUSED for item in self.expected):
            return identifiers.reused_id(self.message.message_id, self.message.body)
        return self.message.message_id

    def altered(
        self,
        *,
        body: bytes | None = None,
        message_id: str | None = None,
        routing_key: str | None = None,
        content_type: str | None = None,
    ) -> Sent:
        """Change the message given away, and nothing of what is expected of it."""
        old = self.message
        message = replace(
            old,
            body=old.body if body is None else body,
            message_id=old.message_id if message_id is None else message_id,
            routing_key=old.routing_key if routing_key is None else routing_key,
            content_type=old.content_type if content_type is None else content_type,
        )
        return replace(self, message=message)


def refused(rule: str) -> tuple[Expected, ...]:
    """Expect that a message is refused as a whole: one record, ordinal 0."""
    return (Expected(0, "", rule),)


def accepted(entries: Sequence[Sequence[str]]) -> tuple[Expected, ...]:
    """Expect that every record of a document is accepted."""
    types = [record_type for entry in entries for record_type in entry]
    return tuple(Expected(ordinal, record_type) for ordinal, record_type in enumerate(types))
