"""Why a connection ended, and what that means for those who used it."""

from __future__ import annotations

from dataclasses import dataclass

from pika.exceptions import ChannelClosed, ConnectionClosed

from routing.bus import Unroutable
from routing.confirms import Batch
from schemas.errors import Stop, Unavailable

_ACCESS_REFUSED = 403
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Loss:
    """AMQP reply code (0 where the broker gave none) and text; never holds credentials."""

    code: int
    text: str

    @classmethod
    def of(cls, error: BaseException) -> Loss:
        """Read the reason pika gives."""
        if isinstance(error, ChannelClosed | ConnectionClosed):
            return cls(error.reply_code, error.reply_text)
        return cls(0, f"{type(error).__name__} {error}".strip())

    def error(self) -> Exception:
        """Make the error for whoever needs the connection: a missing right does not mend itself."""
        if self.code == _ACCESS_REFUSED:
            return Stop(f"broker: {self.text}")
        return Unavailable(f"broker: {self.text}")

    def error_for(self, batch: Batch) -> Exception:
        """Make the error for an unanswered publish: a missing exchange leads nowhere."""
        if self.code == _NOT_FOUND:
            for message in batch.messages:
                if f"'{message.exchange}'" in self.text:
                    return Unroutable(message.exchange, message.routing_key)
        return self.error()
