"""Delivery to a subscriber's HTTPS webhook: one POST for each parcel, signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.delivery.answers import Delivered, Later, Meaning, Never, judge
from hub.delivery.line import Line
from hub.delivery.sender import Parcel, Postponed
from hub.delivery.signing import Secret, signed
from schemas.errors import Parked

_MOST_ANSWER = 16 * 1024  # nobody reads it; what is longer costs the endpoint its connection


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """Sends by Standard Webhooks; a ``Sender``. The status alone says what became of it."""

    line: Line
    secrets: Sequence[Secret]

    @property
    def patience(self) -> timedelta:
        """The longest ``send`` may take."""
        return timedelta(seconds=self.line.patience.total)

    def send(self, parcel: Parcel, now: datetime) -> None:
        """Return once the endpoint has answered with success; raises as ``Sender.send``."""
        headers = {
            "Content-Type": parcel.content_type,
            **parcel.trace_headers,
            **signed(parcel.delivery_id, parcel.body, self.secrets, now),
        }
        answer = self.line.post(parcel.body, headers, _MOST_ANSWER)
        act_on(judge(answer.status, answer.headers, now))

    def close(self) -> None:
        """Close the connection."""
        self.line.close()


def act_on(meaning: Meaning) -> None:
    """Return for what was delivered, raise ``Postponed`` or ``Parked`` for what was not."""
    match meaning:
        case Delivered():
            return
        case Later(explanation, wait):
            raise Postponed(explanation, None if wait is None else wait.total_seconds())
        case Never(cause, explanation):
            raise Parked(cause, explanation)
