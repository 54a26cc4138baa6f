"""The monthly statement of downtime of one ministry, as CSV and as a page of HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from hub.evidence.downtime.entry import down
from hub.evidence.downtime.register import Kind
from hub.store.database import Row

BAKU = ZoneInfo("Asia/Baku")
HEAD = ("No.", "Kind", "Component", "Affected", "From", "To", "Minutes", "Cause", "Responsible",
        "Remarks")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Statement:
    """What affected a ministry in a month (Asia/Baku), up to ``now`` if it is not over."""

    ministry: str
    begin: datetime
    end: datetime
    entries: Sequence[Row]

    @property
    def down(self) -> timedelta:
        """Time in which something failed by itself, overlaps counted once."""
        failed = [row for row in self.entries if row["kind"] == Kind.OUTAGE]
        return down(failed, self.ministry, self.begin, self.end)

    @property
    def availability(self) -> float:
        """Share of the time without outage, 0 to 1; what was announced or paused is no outage."""
        whole = self.end - self.begin
        return 1 - self.down / whole if whole else 1.0

    def rows(self) -> list[tuple[str, ...]]:
        """The entries as texts, in the order of ``HEAD``."""
        return [self._row(row) for row in self.entries]

    def as_csv(self) -> str:
        """Render as CSV; no cell can be taken for a formula."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(HEAD)
        writer.writerows([_harmless(cell) for cell in row] for row in self.rows())
        writer.writerow(["", "", "", "", "", "", "", f"availability {self.availability:.4%}"])
        return out.getvalue()

    def as_html(self) -> str:
        """Render as a page that needs nothing else."""
        title = f"Downtime, {escape(self.ministry)}, {self.begin.astimezone(BAKU):%Y-%m}"
        head = "".join(f"<th>{name}</th>" for name in HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
            for row in self.rows()
        )
        return (
            f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
            "<style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
            "td,th{border:1px solid #999;padding:.3em .6em;text-align:left}</style>\n"
            f"<h1>{title}</h1>\n"
            f"<p>From {_shown(self.begin)} to {_shown(self.end)} (Asia/Baku). "
            f"Availability {self.availability:.4%}; down for {_minutes(self.down)} minutes.</p>\n"
            f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></html>\n"
        )

    def _row(self, row: Row) -> tuple[str, ...]:
        ended = row["ended_at"]
        length = min(ended or self.end, self.end) - max(row["began_at"], self.begin)
        return (
            str(row["downtime_id"]), row["kind"], row["component"], row["source"] or "everybody",
            _shown(row["began_at"]), _shown(ended) if ended else "", _minutes(length),
            row["cause"], row["responsible"] or "", row["remark"] or "",
        )  # fmt: skip


def state(entries: Sequence[Row], ministry: str, month: datetime, now: datetime) -> Statement:
    """Draw up the statement of the month that begins at ``month`` (aware), as of ``now``."""
    begin, end = bounds(month)
    affecting = [row for row in entries if row["source"] in ("", ministry)]
    return Statement(ministry, begin, max(begin, min(end, now)), affecting)


def bounds(month: datetime) -> tuple[datetime, datetime]:
    """The first moments of a month and of the next one, in Baku."""
    begin = datetime(month.year, month.month, 1, tzinfo=BAKU)
    following = begin + timedelta(days=32)
    return begin, datetime(following.year, following.month, 1, tzinfo=BAKU)


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(BAKU):%Y-%m-%d %H:%M:%S}"


def _minutes(length: timedelta) -> str:
    return f"{max(length, timedelta()) / timedelta(minutes=1):.1f}"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
