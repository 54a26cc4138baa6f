"""What commands that show persons' data share: who looks, why, and how a masked one sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer

from hub.bootstrap import required
from hub.cli.desk import answering, token_of
from hub.evidence import viewing
from hub.evidence.viewing import Viewer
from hub.logs import mask_identifiers
from hub.settings import Settings
from hub.store.database import Database, Transaction

Reason = Annotated[str | None, typer.Option(help="Why you look; it is kept.")]

_BAKU = ZoneInfo("Asia/Baku")
HIDDEN = "•••"
"""What stands for a value that the viewer may not see."""


@contextmanager
def looking(
    settings: Settings, purpose: str, reason: str | None
) -> Iterator[tuple[Transaction, Viewer]]:
    """Open a transaction for somebody who may look; what is shown must be noted in it."""
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name=f"qovsaq {purpose}")
    try:
        with answering(), database.transaction() as tx:
            yield tx, viewing.admitted(tx, token_of(settings), reason)
    finally:
        database.close()


def as_seen(viewer: Viewer, shown: Any) -> Any:
    """Render what is shown as plain JSON values, identifiers masked where the viewer is."""
    plain = orjson.loads(orjson.dumps(shown, default=str))
    return mask_identifiers(None, "", {"shown": plain})["shown"] if viewer.masked else plain


def end_of(text: str) -> datetime:
    """Read a day (to its end in Baku) or a time with its offset, as a bound that is not in it."""
    try:
        if len(text) == len("2026-01-01"):
            after = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(after, time.min, _BAKU)
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day (2026-03-01) or a time (2026-03-01T12:00+04:00)") from None
    if instant.tzinfo is None:
        raise typer.BadParameter("a time needs its offset: 2026-03-01T12:00+04:00")
    return instant + timedelta(microseconds=1)
