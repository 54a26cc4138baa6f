"""When each ministry was last heard of, read from the journal as it grows."""

from __future__ import annotations

from datetime import datetime

from hub.store.database import Transaction

# Intakes commit side by side: a number may appear a little after a higher one did.
_OVERLAP = 10_000

_SINCE = """
SELECT ministry, max(received_at) AS last, max(journal_id) AS newest
FROM evidence.journal WHERE journal_id > %s GROUP BY ministry
"""


class Feeds:
    """The last new message of each ministry; only what came since the last look is read."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}
        self._read_to = 0

    def look(self, tx: Transaction) -> dict[str, datetime]:
        """Tell when each ministry's last new message was received (aware)."""
        for row in tx.rows(_SINCE, [max(self._read_to - _OVERLAP, 0)]):
            name = row["ministry"]
            self._last[name] = max(row["last"], self._last.get(name, row["last"]))
            self._read_to = max(self._read_to, row["newest"])
        return dict(self._last)
