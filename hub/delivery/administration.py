"""Who may read ``deliver.<subscriber>``: the broker's users and rights, as a port.

AMQP knows no users, so this goes beside it: ``rabbitmqctl``, run by the hub itself with the
command of the setting ``QOVSAQ_OUTBOUND__BROKER_CONTROL``. It works where the management plug-in
is off, and needs the right to run it: on the broker's host, or through what reaches there.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from routing import keys
from schemas.errors import Unavailable

_SECONDS = 60
_ROUNDS = 10
NOTHING = "^$"


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

    command: Sequence[str]
    vhost: str = "/"
    prefix: str = "subscriber."

    def introduce(self, subscriber: str, password: str) -> None:
        """Make the user, or set its password, which travels by standard input."""
        user = self._user(subscriber)
        if user in self._run("list_users", "--silent").split():
            self._run("change_password", user, given=password)
        else:
            self._run("add_user", user, given=password)
            self._run("set_permissions", "-p", self.vhost, user, NOTHING, NOTHING, NOTHING)

    def permit(self, subscriber: str) -> None:
        """Let it read its queue."""
        queue = f"^{re.escape(keys.deliver_queue(subscriber))}$"
        user = self._user(subscriber)
        self._run("set_permissions", "-p", self.vhost, user, NOTHING, NOTHING, queue)

    def forbid(self, subscriber: str) -> None:
        """Take the right first, then close what is open, until nothing is.

        A channel that is open keeps what it was allowed, and one that was just opened may not be
        known to the broker's own list yet: hence the rounds.
        """
        user = self._user(subscriber)
        self._run("set_permissions", "-p", self.vhost, user, NOTHING, NOTHING, NOTHING)
        for _ in range(_ROUNDS):
            self._run("close_all_user_connections", user, "access was restricted")
            if user not in self._run("list_connections", "user", "--silent").split():
                return
        raise Unavailable("broker control: connections of the subscriber do not close")

    def _user(self, subscriber: str) -> str:
        return f"{self.prefix}{subscriber}"

    def _run(self, *arguments: str, given: str | None = None) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, no shell
                [*self.command, *arguments],
                input=None if given is None else f"{given}\n",
                stdin=subprocess.DEVNULL if given is None else None,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"broker control: {type(error).__name__}") from None
        if done.returncode:
            complaint = (done.stderr or done.stdout).strip().splitlines()
            raise Unavailable(f"broker control: {arguments[0]}: {' '.join(complaint[-1:])}")
        return done.stdout


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
