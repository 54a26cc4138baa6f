"""Who may read ``deliver.<subscriber>``: the broker's users and rights, as a port."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from hub.broker_control import BrokerControl
from routing import keys
from schemas.errors import Unavailable


class BrokerAdministration(Protocol):
    """Rights of subscribers on the broker; every verb is idempotent, and raises ``Unavailable``."""

    def introduce(self, subscriber: str, password: str) -> None:
        """Make the subscriber's user, without any right, or give it another password."""
        ...

    def permit(self, subscriber: str) -> None:
        """Let it read its queue, and nothing else."""
        ...

    def forbid(self, subscriber: str) -> None:
        """Take the right away and close its connections: when this returns, it reads nothing."""
        ...


@dataclass(frozen=True, slots=True)
class RabbitmqCtl:
    """Administers with ``rabbitmqctl``. ``prefix`` stands before subscribers' names as users."""

    control: BrokerControl
    prefix: str = "subscriber."

    def introduce(self, subscriber: str, password: str) -> None:
        """Make the user, or set its password."""
        self.control.set_password(self._user(subscriber), password)

    def permit(self, subscriber: str) -> None:
        """Let it read its queue."""
        queue = f"^{re.escape(keys.deliver_queue(subscriber))}$"
        self.control.permit(self._user(subscriber), read=queue)

    def forbid(self, subscriber: str) -> None:
        """Take the right first, then close what is open."""
        user = self._user(subscriber)
        self.control.permit(user)
        self.control.close_connections(user, "access was restricted")

    def _user(self, subscriber: str) -> str:
        return f"{self.prefix}{subscriber}"


@dataclass(frozen=True, slots=True)
class NoAdministration:
    """Stands where no way to administer the broker is set: what needs it fails, and says so."""

    def introduce(self, subscriber: str, password: str) -> None:  # noqa: ARG002 - the port's
        """Fail."""
        raise Unavailable(_UNSET)

    def permit(self, subscriber: str) -> None:  # noqa: ARG002 - the port's
        """Fail."""
        raise Unavailable(_UNSET)

    def forbid(self, subscriber: str) -> None:  # noqa: ARG002 - the port's
        """Fail."""
        raise Unavailable(_UNSET)


_UNSET = "broker control: QOVSAQ_OUTBOUND__BROKER_CONTROL is not set"
