"""The live view, drawn from snapshots."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from rich.console import Console

from hub.cli.top_shown import Snapshot, render
from hub.evidence.ledger import Line, Statement
from hub.evidence.record_log import State

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def shown(**given: Any) -> str:
    values: dict[str, Any] = {
        "at": NOW, "ledger": statement(), "depths": {"retry.5s": 0}, "ages": {}, "rates": {},
        "down": [],
    }  # fmt: skip
    console = Console(width=140, file=StringIO())
    console.print(render(Snapshot(**values | given)))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def statement(unaccounted: int = 0) -> Statement:
    line = Line("labour", 5, 1234, {State.WRITTEN: 1200, State.REFUSED: 30}, 4, unaccounted, 0)
    return Statement(NOW, [line])


def test_a_hub_at_rest_says_so() -> None:
    text = shown()
    assert "2026-03-02 12:00:00 Baku" in text
    assert "all queues are empty" in text
    assert "0 unaccounted" in text


def test_ministries_show_their_rates_and_what_became_of_their_records() -> None:
    (row,) = (line for line in shown(rates={"labour": 12.34}).splitlines() if "labour" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")][:4] == [
        "labour", "12.3", "1,234", "1,200",
    ]  # fmt: skip


def test_the_fullest_queues_come_first_with_the_age_of_their_oldest_message() -> None:
    depths = {f"intake.m{n}.live": n for n in range(20)}
    lines = shown(depths=depths, ages={"intake.m19.live": 75.0}).splitlines()
    queues = [line for line in lines if "intake." in line]
    assert len(queues) == 12
    assert "75 s" in queues[0]
    assert any("… and 7 more" in line for line in lines)


def test_what_is_down_and_what_does_not_answer_is_named() -> None:
    down = [{"kind": "outage", "component": "database", "source": "", "began_at": NOW,
             "cause": "disk full"}]  # fmt: skip
    text = shown(down=down, ledger=None, depths={}, troubles=["broker: refused"])
    assert "outage" in text
    assert "since 12:00:00  disk full" in text
    assert "✗ broker: refused" in text
    assert "ledger unknown" in text
    assert "│ unknown" in text
