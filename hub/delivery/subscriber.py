"""Subscribers: the bodies data may leave for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from schemas.errors import Stop
from schemas.subscriber_document import SubscriberDocument


class Channel(StrEnum):
    """How data reaches a subscriber; ``lookup`` is told of nothing and only asks."""

    AMQP = "amqp"
    WEBHOOK = "webhook"
    SOAP = "soap"
    EHIS = "ehis"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A body in force. ``service`` is what it is reached by on EHİS.

    ``since`` (aware) is when its queues were bound; None before that.
    """

    name: str
    title: str
    channel: Channel
    endpoint: str | None = None
    service: str | None = None
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
            service=document.service,
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
            service=self.service,
            records=list(self.records),
            test_mode=self.test_mode,
        )


def check_channel(name: str, channel: Channel, ehis_only: Collection[str]) -> None:
    """Raise ``Stop`` for a body that is served over EHİS only, and is to be served otherwise."""
    if name in ehis_only and channel is not Channel.EHIS:
        says = "QOVSAQ_OUTBOUND__EHIS_ONLY says that it is served over EHİS only"
        raise Stop(f"subscriber {name} has the channel {channel}, but {says}")
