"""Who stands before the door: let in if the settings say so, and no more often than they say."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from connectors._kit.contract import Connector
from hub.http.access import Access, credentials_of
from hub.http.quota import Quota


@dataclass(frozen=True, slots=True)
class Caller:
    """How a party is known, and how much it may."""

    access: Access
    quota: Quota

    def admitted(self, request: Request, now: float) -> str:
        """Name the party; raise ``Refused``. ``now`` is monotonic, in seconds."""
        who = self.access.subject(credentials_of(request))
        self.quota.spend(now)
        return who


@dataclass(frozen=True, slots=True)
class Sender:
    """A ministry that may send, and how it speaks."""

    connector: Connector
    caller: Caller
