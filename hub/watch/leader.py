"""Who tells what only one process of the deployment may tell: whoever holds a lock."""

from __future__ import annotations

from hub.store.database import Database

_KEY = 0x716F7677
_LEAD = f"SELECT pg_try_advisory_lock({_KEY}) AS mine, pg_backend_pid() AS session"


class Leadership:
    """A lock of one connection: the server frees it when the connection ends, however it ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: int | None = None

    def held(self) -> bool:
        """Whether it is ours, taken now if nobody has it; raises ``Unavailable``."""
        with self._database.transaction() as tx:
            (here,) = tx.rows("SELECT pg_backend_pid() AS session")
            if here["session"] != self._session:
                (row,) = tx.rows(_LEAD)
                self._session = row["session"] if row["mine"] else None
        return self._session is not None
