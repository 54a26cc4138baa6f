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
        cause = _innermost(error)
        if isinstance(cause, ChannelClosed | ConnectionClosed):
            return cls(cause.reply_code, cause.reply_text)
        return cls(0, reason(cause))

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


def reason(error: BaseException) -> str:
    """Say why a broker did not answer: in the words of the system, where they are its words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    """Unpack the reason why a connection could not be opened; pika wraps it several times."""
    wrapped = (
        getattr(error, "exception", None)
        or next(iter(reversed(getattr(error, "exceptions", None) or ())), None)
        or next((part for part in error.args if isinstance(part, BaseException)), None)
    )
    return _innermost(wrapped) if isinstance(wrapped, BaseException) else error
