"""Handing a parcel to its subscriber, as one step of the traces its records are in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from hub.delivery.parcels import Packed
from hub.delivery.sender import Sender

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing


def hand_over(sender: Sender, packed: Packed, now: datetime, tracing: Tracing | None) -> None:
    """Send a parcel; raises what ``Sender.send`` does."""
    parcel = packed.parcel
    if tracing is None:
        sender.send(parcel, now)
        return
    with tracing.batch(
        "deliver",
        [record.event.traceparent for record in packed.records],
        subscriber=parcel.subscriber,
        records=len(packed.records),
        delivery_id=parcel.delivery_id,
    ) as traceparent:
        sender.send(replace(parcel, traceparent=traceparent), now)
