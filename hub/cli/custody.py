"""``qovsaq custody``: the statements that were drawn up, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from connectors._kit.discover import discover
from hub.bootstrap import required, utc_now
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence import custody as statements
from hub.evidence.custody import BAKU
from hub.evidence.ledger import SETTLED
from hub.store.database import Database, Row

_SHOWN_DAYS = 14


def custody(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="One day (Asia/Baku), as stated and as it is now."),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=366, help="How many days back, without --day.")
    ] = _SHOWN_DAYS,
    as_json: AsJson = False,
) -> None:
    """Show, per ministry and day, what became of every record; status 1 if any is unaccounted for.

    With --day also where records have changed their state since the day was last stated.
    """
    settings = command_settings()
    today = utc_now().astimezone(BAKU).date()
    first, last = (day.date(), day.date()) if day else (today - timedelta(days=days), today)
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq custody")
    try:
        with database.transaction() as tx:
            rows = [_plain(row) for row in statements.latest(tx, first, last)]
            limit = settings.relay_limit
            drawn = statements.draw(tx, first, list(discover()), relay_limit=limit) if day else []
    finally:
        database.close()
    now = [each.as_dict() for each in drawn]
    if as_json:
        show_json({"stated": rows} | ({"now": now} if day else {}))
    else:
        _show("Custody statements", rows)
        if day:
            _show(f"{first} as it is now: {_compared(rows, now, first, today)}", now)
    unproven = sum(row["unaccounted"] for row in (now or rows))
    raise typer.Exit(Exit.NO if unproven else Exit.OK)


def _compared(stated: Sequence[Row], now: Sequence[dict[str, Any]], day: date, today: date) -> str:
    if not stated:
        return "not over yet" if day >= today else "not stated yet"
    known = {row["ministry"]: row["digest"] for row in stated}
    changed = [each["ministry"] for each in now if known.get(each["ministry"]) != each["digest"]]
    return f"changed since at {', '.join(changed)}" if changed else "as stated"


def _show(title: str, rows: Sequence[dict[str, Any]]) -> None:
    states = [str(state) for state in SETTLED]
    head = ("Day", "Ministry", "Rev.", "Messages", "Received", *states, "in flight", "unaccounted")
    shown = [
        (row["day"], row["ministry"], row.get("revision", ""), row["messages"], row["received"],
         *(row["settled"].get(state, 0) for state in states), row["in_flight"], row["unaccounted"])
        for row in rows
    ]  # fmt: skip
    show_table(title, head, shown, numbers=len(head) - 2)


def _plain(row: Row) -> dict[str, Any]:
    return row | {"day": row["day"].isoformat()}
