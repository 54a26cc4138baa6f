"""Delivery over AMQP: into the queue ``deliver.<subscriber>``, which that subscriber alone reads.

A parcel counts as delivered once the broker has confirmed it. What a restriction finds unread in
the queue is recalled (``hub.delivery.recall``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.delivery.sender import Parcel
from routing import keys
from routing.bus import Publisher, Unroutable
from routing.message import GRANT, GRANT_VERSION, Message
from schemas.errors import Unavailable


@dataclass(frozen=True, slots=True)
class QueueSender:
    """Publishes parcels, one confirmed message each; its id is the delivery id."""

    publisher: Publisher
    patience: timedelta = timedelta(seconds=40)

    def send(self, parcel: Parcel, now: datetime) -> None:
        """Publish as ``Sender.send``; a missing queue counts as an outage of this subscriber."""
        message = Message(
            exchange=keys.DEFAULT,
            routing_key=keys.deliver_queue(parcel.subscriber),
            body=parcel.body,
            message_id=parcel.delivery_id,
            content_type=parcel.content_type,
            headers={
                GRANT: parcel.grant_id,
                GRANT_VERSION: parcel.grant_version,
                **parcel.trace_headers,
            },
            timestamp=now,
        )
        try:
            self.publisher.publish([message])
        except Unroutable as error:
            raise Unavailable(f"broker: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self.publisher.close()
