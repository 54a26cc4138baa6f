"""The broker's users and rights: ``rabbitmqctl``, run by the hub itself.

AMQP knows no users, so this goes beside it, with the command of the setting
``QOVSAQ_OUTBOUND__BROKER_CONTROL``. It works where the management plug-in is off, and needs the
right to run it: on the broker's host, or through what reaches there.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from hub.settings import Settings
from schemas.errors import Unavailable

NOTHING = "^$"
_SECONDS = 60
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class BrokerControl:
    """One virtual host of a broker, administered; every verb raises ``Unavailable``."""

    command: Sequence[str]
    vhost: str = "/"

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Open the way to the broker of the settings; None if they name no command."""
        command = settings.outbound.broker_control
        if command is None or settings.broker_url is None:
            return None
        path = urlsplit(settings.broker_url.get_secret_value().partition(";")[0]).path
        return cls(shlex.split(command), unquote(path.removeprefix("/")) or "/")

    def has(self, user: str) -> bool:
        """Whether there is such a user."""
        return user in self._run("list_users", "--silent").split()

    def set_password(self, user: str, password: str) -> None:
        """Make a user, without any right, or give it another password (by standard input)."""
        if self.has(user):
            self._run("change_password", user, given=password)
        else:
            self._run("add_user", user, given=password)
            self.permit(user)

    def permit(
        self, user: str, *, configure: str = NOTHING, write: str = NOTHING, read: str = NOTHING
    ) -> None:
        """Set what a user may do, as three regular expressions."""
        self._run("set_permissions", "-p", self.vhost, user, configure, write, read)

    def close_connections(self, user: str, reason: str) -> None:
        """Close what is open until nothing is.

        A channel that is open keeps what it was allowed, and one that was just opened may not be
        known to the broker's own list yet: hence the rounds.
        """
        for _ in range(_ROUNDS):
            self._run("close_all_user_connections", user, reason)
            if user not in self._run("list_connections", "user", "--silent").split():
                return
        raise Unavailable("broker control: connections of the user do not close")

    def delete(self, user: str) -> None:
        """Delete a user, if there is one."""
        if self.has(user):
            self._run("delete_user", user)

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
