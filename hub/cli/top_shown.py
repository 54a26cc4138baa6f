"""What ``qovsaq top`` shows of one moment: a pure function from a snapshot to a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.evidence.ledger import SETTLED, Line, Statement
from hub.evidence.record_log import State
from hub.store.database import Row

_BAKU = ZoneInfo("Asia/Baku")
_MOST_QUEUES = 12
_OLD_SECONDS = 60.0
_FOR_OTHERS = {
    "notice.": "notices",
    "receipt.": "receipts",
    "deliver.": "deliveries",
    "agency.": "records for the Agency's systems",
}
_PATIENT = ("retry.", "dead.")
_ROOMY = 110
_NARROW = {
    "records/s": "records\n/s",
    "unchanged": "un-\nchanged",
    "superseded": "super-\nseded",
    "discarded": "dis-\ncarded",
    "in flight": "in\nflight",
    "unaccounted": "unac-\ncounted",
}
_RARE = (State.DISCARDED, State.REPLACED)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look. ``rates`` are settled records per second by ministry since the look before.

    ``ages`` bound the age of the oldest message per queue, in seconds, where anything is known.
    ``down`` are the register's entries that have not ended. ``troubles`` say of what does not
    answer why, and since when. ``ledger`` may be of a moment before, where it cannot be drawn up.
    """

    at: datetime
    ledger: Statement | None
    depths: Mapping[str, int]
    ages: Mapping[str, float]
    rates: Mapping[str, float]
    down: Sequence[Row]
    troubles: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """Whether the ledger is not of this moment."""
        return self.ledger is not None and self.ledger.at < self.at


def render(snapshot: Snapshot, width: int = _ROOMY) -> Group:
    """Draw a snapshot for so many columns: what is wrong first, then ministries, then queues that
    are not empty."""
    shown: list[RenderableType] = [_headline(snapshot)]
    shown += [_trouble(text, since, snapshot.at) for text, since in snapshot.troubles.items()]
    if snapshot.down:
        shown.append(_down(snapshot))
    if snapshot.ledger:
        shown += ["", _ministries(snapshot, snapshot.ledger, width)]
    return Group(*shown, "", *_queues(snapshot))


def _headline(snapshot: Snapshot) -> Text:
    line = Text(f"Qovşaq  {snapshot.at.astimezone(_BAKU):%Y-%m-%d %H:%M:%S} Baku  ", style="bold")
    if snapshot.ledger is None or snapshot.stale:
        line.append("ledger unknown", style="bold red")
    else:
        unproven = snapshot.ledger.unaccounted
        line.append(f"{sum(snapshot.rates.values()):,.1f} records/s  ")
        line.append(f"{snapshot.ledger.in_flight:,} in flight  ")
        line.append(f"{unproven:,} unaccounted", style="bold red" if unproven else "green")
    waiting = sum(n for queue, n in snapshot.depths.items() if queue.startswith("intake."))
    return line.append(f"  {waiting:,} at intake") if snapshot.depths else line


def _trouble(text: str, since: datetime, now: datetime) -> Text:
    lasted = _duration((now - since).total_seconds())
    return Text(f"✗ {text}, since {_time(since, now)} ({lasted})", style="bold red")


def _down(snapshot: Snapshot) -> Panel:
    lines = [
        f"{row['kind']:<8} {row['component']:<9} {row['source'] or 'everybody':<10} "
        f"since {_time(row['began_at'], snapshot.at)}  {row['cause']}"
        for row in snapshot.down
    ]
    return Panel(Text("\n".join(lines)), title="down", border_style="red", title_align="left")


def _ministries(snapshot: Snapshot, ledger: Statement, width: int) -> Table:
    title = f"ledger as it was at {_time(ledger.at, snapshot.at)}" if snapshot.stale else None
    table = _table("Ministry", title=title, gap=width >= _ROOMY)
    seen = {state for line in ledger.lines for state, count in line.settled.items() if count}
    states = [state for state in SETTLED if state not in _RARE or state in seen]
    for name in ("records/s", "received", *map(str, states), "in flight", "unaccounted"):
        _number(table, name if width >= _ROOMY else _NARROW.get(name, name))
    for line in ledger.lines:
        style = "red" if line.unaccounted else "dim" if snapshot.stale else ""
        rate = None if snapshot.stale else snapshot.rates.get(line.ministry, 0.0)
        table.add_row(*_cells(line, rate, states), style=style)
    return table


def _cells(line: Line, rate: float | None, states: Sequence[State]) -> list[str]:
    counts = (line.received, *(line.settled.get(s, 0) for s in states))
    return [
        line.ministry,
        "" if rate is None else f"{rate:,.1f}",
        *(f"{count:,}" for count in (*counts, line.in_flight, line.unaccounted)),
    ]


def _queues(snapshot: Snapshot) -> list[RenderableType]:
    filled = {queue: depth for queue, depth in snapshot.depths.items() if depth}
    ours = [queue for queue in filled if not queue.startswith((*_FOR_OTHERS,))]
    fullest = sorted(ours, key=lambda queue: (-filled[queue], queue))
    table = _table("Queue")
    for name in ("waiting", "oldest, at most"):
        _number(table, name)
    for queue in fullest[:_MOST_QUEUES]:
        age = snapshot.ages.get(queue)
        late = age is not None and age > _OLD_SECONDS and not queue.startswith(_PATIENT)
        shown = "unknown" if age is None else _duration(age)
        table.add_row(queue, f"{filled[queue]:,}", shown, style="yellow" if late else "")
    if (more := len(fullest) - _MOST_QUEUES) > 0:
        table.add_row(f"… and {more} more", "", "")
    if not fullest:
        table.add_row("nothing waits for the hub" if snapshot.depths else "unknown", "", "")
    left = ", ".join(_for_others(filled))
    return [table, Text(f"left for others to take: {left}", style="dim")] if left else [table]


def _for_others(filled: Mapping[str, int]) -> list[str]:
    told = []
    for prefix, name in _FOR_OTHERS.items():
        depths = [depth for queue, depth in filled.items() if queue.startswith(prefix)]
        if depths:
            queues = "1 queue" if len(depths) == 1 else f"{len(depths)} queues"
            told.append(f"{sum(depths):,} {name} in {queues}")
    return told


def _table(first: str, title: str | None = None, *, gap: bool = True) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, int(gap), 0, 0),
        pad_edge=False,
        show_edge=False,
        title=title,
        title_justify="left",
    )
    table.add_column(first, no_wrap=True)
    return table


def _number(table: Table, name: str) -> None:
    table.add_column(name, justify="right", no_wrap=True, vertical="bottom")


def _time(moment: datetime, now: datetime) -> str:
    """Write a time of Baku, with its day where that is not today."""
    there, today = moment.astimezone(_BAKU), now.astimezone(_BAKU).date()
    return f"{there:%H:%M:%S}" if there.date() == today else f"{there:%Y-%m-%d %H:%M}"


def _duration(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h"  # noqa: PLR2004
