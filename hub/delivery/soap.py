"""Delivery to a subscriber's SOAP service, by the project's own contract (``delivery.wsdl``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from connectors._kit.soap_push import HEADERS, BrokenReply, read_reply, write_message
from hub.delivery.answers import Delivered, Later, Meaning, judge, judge_fault
from hub.delivery.line import Answer, Line
from hub.delivery.sender import Parcel
from hub.delivery.signing import Secret, signed
from hub.delivery.webhook import act_on

_MOST_ANSWER = 256 * 1024
_WITH_ENVELOPE = frozenset({HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class SoapSender:
    """Sends each parcel in an envelope, with the headers of a webhook over it; a ``Sender``."""

    line: Line
    secrets: Sequence[Secret]

    @property
    def patience(self) -> timedelta:
        """The longest ``send`` may take."""
        return timedelta(seconds=self.line.patience.total)

    def send(self, parcel: Parcel, now: datetime) -> None:
        """Return once the endpoint has given its receipt; raises as ``Sender.send``."""
        message = write_message(
            parcel.delivery_id, parcel.subscriber, parcel.content_type, parcel.body
        )
        headers = {
            **HEADERS,
            **parcel.trace_headers,
            **signed(parcel.delivery_id, message, self.secrets, now),
        }
        answer = self.line.post(message, headers, _MOST_ANSWER)
        act_on(_meaning(parcel, answer, now))

    def close(self) -> None:
        """Close the connection."""
        self.line.close()


def _meaning(parcel: Parcel, answer: Answer, now: datetime) -> Meaning:
    """Only a receipt is a delivery: a bare 200 may come from anything that speaks HTTP."""
    by_status = judge(answer.status, answer.headers, now)
    if answer.status not in _WITH_ENVELOPE and by_status != Delivered():
        return by_status
    try:
        fault = read_reply(parcel.delivery_id, answer.body)
    except BrokenReply as broken:
        return by_status if isinstance(by_status, Later) else Later(str(broken))
    return Delivered() if fault is None else judge_fault(fault.code)
