"""Delivery over EHİS: each parcel in the exchange's envelope, to the one address of its gateway.

The contract is synthetic (``connectors/_ehis/contract/exchange.v1.xsd``). A delivery is a
conversation of its own: correlation and message id are the delivery's, the same on every attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from connectors._ehis.answer import Acknowledged, Code, read_answer
from connectors._ehis.envelope import HUB, Exchange, make_envelope
from hub.delivery.answers import Delivered, Later, Meaning, Never, judge, retry_after
from hub.delivery.line import Answer, Line
from hub.delivery.sender import Parcel
from hub.delivery.signing import Secret, signed
from hub.delivery.webhook import act_on
from schemas.errors import Refused

_MOST_ANSWER = 64 * 1024
_XML = "application/xml"


@dataclass(frozen=True, slots=True)
class EhisSender:
    """Sends each parcel to a service of its subscriber on EHİS; a ``Sender``.

    With ``secrets`` the headers of a webhook stand over the envelope.
    """

    line: Line
    service: str
    secrets: Sequence[Secret] = ()

    @property
    def patience(self) -> timedelta:
        """The longest ``send`` may take."""
        return timedelta(seconds=self.line.patience.total)

    def send(self, parcel: Parcel, now: datetime) -> None:
        """Return once the parcel was acknowledged; raises as ``Sender.send``."""
        envelope = make_envelope(self._exchange(parcel))
        headers = {"Content-Type": _XML, "Accept": _XML, **parcel.trace_headers}
        if self.secrets:
            headers |= signed(parcel.delivery_id, envelope, self.secrets, now)
        act_on(_meaning(parcel, self.line.post(envelope, headers, _MOST_ANSWER), now))

    def close(self) -> None:
        """Close the connection."""
        self.line.close()

    def _exchange(self, parcel: Parcel) -> Exchange:
        return Exchange(
            correlation_id=parcel.delivery_id,
            service_id=self.service,
            sender=HUB,
            receiver=parcel.subscriber,
            content_type=parcel.content_type,
            payload=parcel.body,
            message_id=parcel.delivery_id,
        )


def _meaning(parcel: Parcel, answer: Answer, now: datetime) -> Meaning:
    """Only an acknowledgement of this delivery is one; a fault means more than its status."""
    by_status = judge(answer.status, answer.headers, now)
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return by_status
    try:
        said = read_answer(answer.body)
    except Refused as refusal:
        if by_status != Delivered():
            return by_status
        return Later(f"the answer breaks the contract ({refusal.rule})")
    if isinstance(said, Acknowledged):
        return _acknowledged(said, parcel, by_status)
    if said.code is Code.LATER:
        return Later("EHİS answered Later", retry_after(answer.headers, now))
    return Never("endpoint-refuses", f"EHİS answered {said.code.value}")


def _acknowledged(said: Acknowledged, parcel: Parcel, by_status: Meaning) -> Meaning:
    if by_status != Delivered():
        return by_status
    if said != Acknowledged(parcel.delivery_id, parcel.delivery_id):
        return Later("the answer breaks the contract (it acknowledges another delivery)")
    return Delivered()
