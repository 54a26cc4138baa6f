"""What ``qovsaq top`` shows of one moment: a pure function from a snapshot to a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.evidence.ledger import SETTLED, Statement
from hub.store.database import Row

_BAKU = ZoneInfo("Asia/Baku")
_MOST_QUEUES = 12
_OLD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look. ``rates`` are settled records per second by ministry since the look before.

    ``ages`` bound the age of the oldest message per queue, in seconds. ``down`` are the register's
    entries that have not ended. ``troubles`` name what did not answer.
    """

    at: datetime
    ledger: Statement | None
    depths: Mapping[str, int]
    ages: Mapping[str, float]
    rates: Mapping[str, float]
    down: Sequence[Row]
    troubles: Sequence[str] = ()


def render(snapshot: Snapshot) -> Group:
    """Draw a snapshot: what is wrong first, then ministries, then queues that are not empty."""
    return Group(
        _headline(snapshot),
        *(Text(f"✗ {trouble}", style="bold red") for trouble in snapshot.troubles),
        *([_down(snapshot)] if snapshot.down else []),
        *([_ministries(snapshot, snapshot.ledger)] if snapshot.ledger else []),
        _queues(snapshot),
    )


def _headline(snapshot: Snapshot) -> Text:
    line = Text(f"Qovşaq  {snapshot.at.astimezone(_BAKU):%Y-%m-%d %H:%M:%S} Baku   ", style="bold")
    if snapshot.ledger is None:
        return line.append("ledger unknown", style="bold red")
    unproven = snapshot.ledger.unaccounted
    line.append(f"{sum(snapshot.rates.values()):,.1f} records/s   ")
    line.append(f"{snapshot.ledger.in_flight:,} in flight   ")
    return line.append(f"{unproven:,} unaccounted", style="bold red" if unproven else "green")


def _down(snapshot: Snapshot) -> Panel:
    lines = [
        f"{row['kind']:<8} {row['component']:<9} {row['source'] or 'everybody':<10} "
        f"since {row['began_at'].astimezone(_BAKU):%H:%M:%S}  {row['cause']}"
        for row in snapshot.down
    ]
    return Panel(Text("\n".join(lines)), title="down", border_style="red", title_align="left")


def _ministries(snapshot: Snapshot, ledger: Statement) -> Table:
    table = Table(expand=True)
    table.add_column("Ministry")
    for name in ("records/s", "received", *map(str, SETTLED), "in flight", "unaccounted"):
        table.add_column(name, justify="right")
    for line in ledger.lines:
        style = "red" if line.unaccounted else ""
        table.add_row(
            line.ministry,
            f"{snapshot.rates.get(line.ministry, 0.0):,.1f}",
            f"{line.received:,}",
            *(f"{line.settled.get(state, 0):,}" for state in SETTLED),
            f"{line.in_flight:,}",
            f"{line.unaccounted:,}",
            style=style,
        )
    return table


def _queues(snapshot: Snapshot) -> Table:
    filled = {queue: depth for queue, depth in snapshot.depths.items() if depth}
    fullest = sorted(filled, key=lambda queue: (-filled[queue], queue))
    table = Table(expand=True)
    table.add_column("Queue")
    table.add_column("waiting", justify="right")
    table.add_column("oldest, at most", justify="right")
    for queue in fullest[:_MOST_QUEUES]:
        age = snapshot.ages.get(queue, 0.0)
        late = age > _OLD_SECONDS and not queue.startswith(("retry.", "dead."))
        table.add_row(queue, f"{filled[queue]:,}", f"{age:,.0f} s", style="yellow" if late else "")
    more = len(fullest) - _MOST_QUEUES
    if more > 0:
        table.add_row(f"… and {more} more", "", "")
    if not filled:
        table.add_row("all queues are empty" if snapshot.depths else "unknown", "", "")
    return table
