"""The worker that writes anchors to a file, for something else to carry out of the hub's reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from hub.evidence.chain import anchors, links
from hub.evidence.chain.anchors import Anchor, Signer
from hub.store.database import Database
from routing.observer import Observer

_log = structlog.get_logger()


@dataclass(slots=True)
class Anchoring:
    """Signs the head of the chain at most every ``interval``, when it has moved, and looks whether
    the chain still agrees with the last anchor of the file."""

    database: Database
    signer: Signer
    path: Path
    interval: timedelta
    observer: Observer
    _last: Anchor | None = field(default=None)

    def __post_init__(self) -> None:
        kept = anchors.read(self.path) if self.path.exists() else []
        self._last = max(kept, key=lambda anchor: anchor.at, default=None)

    def step(self, now: datetime) -> None:
        """Write an anchor where one is due."""
        if self._last and now - self._last.at < self.interval:
            return
        with self.database.transaction() as tx:
            head = links.head(tx)
            kept = [self._last] if self._last else []
            faults = list(anchors.compare(tx, kept, [self.signer.public_key]))
        self.observer.gauge("audit_anchor_faults", len(faults))
        for fault in faults:
            _log.error("chain differs from its anchor", wrong=fault.wrong, place=fault.place)
        if faults:
            return  # an anchor of what somebody wrote would vouch for it
        if head and (self._last is None or head.number > self._last.link):
            self._last = self.signer.sign(head, now)
            anchors.append(self.path, self._last)

    def close(self) -> None:
        """Close the database connection."""
        self.database.close()
