"""Subscribers: the bodies data may leave for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from schemas.subscriber_document import SubscriberDocument


class Channel(StrEnum):
    """How data reaches a subscriber; ``lookup`` is told of nothing and only asks."""

    AMQP = "amqp"
    WEBHOOK = "webhook"
    SOAP = "soap"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A body in force. ``since`` (aware) is when its queues were bound; None before that."""

    name: str
    title: str
    channel: Channel
    endpoint: str | None = None
    records: tuple[str, ...] = ()
    test_mode: bool = False
    since: datetime | None = None

    @property
    def pushed(self) -> bool:
        """Whether it is told of records, not only asked by it."""
        return self.channel is not Channel.LOOKUP

    @property
    def reads(self) -> bool:
        """Whether it reads a queue of its own on our broker."""
        return self.channel is Channel.AMQP

    @classmethod
    def of(cls, document: SubscriberDocument, since: datetime | None = None) -> Self:
        """Take a subscriber from its document."""
        return cls(
            name=document.subscriber,
            title=document.title,
            channel=Channel(document.channel),
            endpoint=document.endpoint,
            records=tuple(document.records),
            test_mode=document.test_mode,
            since=since,
        )

    def document(self) -> SubscriberDocument:
        """Write it as a document again."""
        return SubscriberDocument(
            subscriber=self.name,
            title=self.title,
            channel=self.channel.value,
            endpoint=self.endpoint,
            records=list(self.records),
            test_mode=self.test_mode,
        )
