"""The live view, drawn from snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from hub.cli.top_shown import Snapshot, render
from hub.evidence.ledger import SETTLED, Line, Statement
from hub.evidence.record_log import State

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def shown(width: int = 140, **given: Any) -> str:
    values: dict[str, Any] = {
        "at": NOW, "ledger": statement(), "depths": {"retry.5s": 0}, "ages": {}, "rates": {},
        "down": [],
    }  # fmt: skip
    console = Console(width=width, file=StringIO())
    console.print(render(Snapshot(**values | given), width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def statement(unaccounted: int = 0) -> Statement:
    line = Line("labour", 5, 1234, {State.WRITTEN: 1200, State.REFUSED: 30}, 4, unaccounted, 0)
    return Statement(NOW, [line])


def test_a_hub_at_rest_says_so() -> None:
    text = shown()
    assert "2026-03-02 12:00:00 Baku" in text
    assert "nothing waits for the hub" in text
    assert "0 unaccounted" in text


def test_ministries_show_their_rates_and_what_became_of_their_records() -> None:
    (row,) = (line for line in shown(rates={"labour": 12.34}).splitlines() if "labour" in line)
    assert row.split() == ["labour", "12.3", "1,234", "1,200", "0", "0", "30", "0", "4", "0"]


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
    since = NOW - timedelta(seconds=75)
    text = shown(down=down, ledger=None, depths={}, troubles={"broker: refused": since})
    assert "outage" in text
    assert "since 12:00:00  disk full" in text
    assert "✗ broker: refused, since 11:58:45 (75 s)" in text
    assert "ledger unknown" in text
    assert "\nunknown" in text


def test_an_outage_that_began_another_day_says_which() -> None:
    down = [{"kind": "outage", "component": "feed", "source": "labour",
             "began_at": NOW - timedelta(days=1), "cause": "silent"}]  # fmt: skip
    assert "labour     since 2026-03-01 12:00  silent" in shown(down=down)


def test_a_ledger_that_cannot_be_drawn_up_is_shown_as_it_was_and_called_unknown() -> None:
    text = shown(ledger=replace(statement(), at=NOW - timedelta(seconds=30)), rates={"labour": 1})
    assert "ledger unknown" in text
    assert "in flight  0 unaccounted" not in text
    assert "ledger as it was at 11:59:30" in text
    (row,) = (line for line in text.splitlines() if line.startswith("labour"))
    assert row.split()[:3] == ["labour", "1,234", "1,200"]


def test_what_is_not_taken_in_yet_is_told_beside_the_ledger_which_cannot_know_it() -> None:
    depths = {"intake.labour.live": 2000, "intake.health.bulk": 34, "registry.writer.live": 5}
    assert "4 in flight  0 unaccounted  2,034 at intake" in shown(depths=depths)


def test_what_waits_for_others_hides_nothing_that_waits_for_the_hub() -> None:
    depths = {f"receipt.m{n}": 900 for n in range(20)} | {"notice.labour": 3, "dead.a.b.live": 1}
    lines = shown(depths=depths).splitlines()
    assert [line.split() for line in lines if line.startswith("dead.")] == [
        ["dead.a.b.live", "1", "unknown"]
    ]
    assert lines[-1].strip() == (
        "left for others to take: 3 notices in 1 queue, 18,000 receipts in 20 queues"
    )


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h")]
)
def test_ages_are_told_in_fitting_units(seconds: float, told: str) -> None:
    queue = "registry.writer.live"
    (row,) = (
        line
        for line in shown(depths={queue: 1}, ages={queue: seconds}).splitlines()
        if line.startswith(queue)
    )
    assert row.rstrip().endswith(f" {told}")


@pytest.mark.parametrize(("width", "states"), [(80, (State.WRITTEN,)), (100, SETTLED)])
def test_nothing_is_cut_off_where_there_is_little_room(width: int, states: Sequence[State]) -> None:
    line = Line("migration", 5, 999_999, dict.fromkeys(states, 999_999), 4, 0, 0)
    text = shown(width=width, ledger=Statement(NOW, [line]))
    assert "…" not in text
    assert text.count("999,999") == 1 + len(states)
