"""How what several workers saw becomes one entry, and what a month's statement says."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.evidence.downtime.entry import Outage, down, merged, seen
from hub.evidence.downtime.statement import BAKU, state

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def outage(began: float, ended: float | None, component: str = "database", **given: Any) -> Outage:
    values = {"source": "", "cause": "database: gone"} | given
    return Outage(component, began=at(began), ended=None if ended is None else at(ended), **values)


def row(**given: Any) -> dict[str, Any]:
    values = {
        "downtime_id": 1,
        "kind": "outage",
        "component": "database",
        "source": "",
        "began_at": START,
        "ended_at": None,
        "cause": "disk",
        "responsible": None,
        "remark": None,
    }
    return values | given


def test_one_outage_seen_by_several_workers_is_from_the_first_failure_to_the_last() -> None:
    union = merged([outage(2, 61), outage(0, 60), outage(70, 75)])
    assert union == [outage(0, 75)]


def test_outages_apart_in_time_or_of_other_things_stay_apart() -> None:
    apart = [outage(0, 10), outage(60, 70), outage(5, 9, "broker")]
    assert len(merged(apart)) == 3


def test_an_outage_lasts_as_long_as_one_living_worker_sees_it() -> None:
    assert merged([outage(0, 60), outage(1, None)]) == [outage(0, None)]


def test_what_a_lost_worker_saw_ends_with_the_others() -> None:
    assert merged([outage(0, None, lost=True), outage(1, 60)]) == [outage(0, 60)]
    assert merged([outage(0, None, lost=True)]) == [outage(0, None, lost=True)]


def test_a_ministrys_service_is_its_own_component() -> None:
    event = {
        "worker_id": "poll", "hop": "poll justice", "dependency": "service of justice",
        "cause": "service of justice: timed out", "down_since": START, "up_since": None,
    }  # fmt: skip
    read = seen(event, [], at(99_999))
    assert (read.component, read.source, read.lost) == ("service", "justice", False)


def test_an_old_outage_without_end_is_lost_if_its_worker_is_not_heard_of_any_more() -> None:
    event = {
        "worker_id": "intake@a:1:x", "hop": "intake", "dependency": "broker",
        "cause": "broker: gone", "down_since": START, "up_since": None,
    }  # fmt: skip
    assert seen(event, [], at(1)).lost
    assert not seen(event, [], at(-1)).lost
    assert not seen(event, ["intake@a:1:x/queue"], at(1)).lost


def test_overlapping_downtime_counts_once_and_only_for_whom_it_affects() -> None:
    entries = [
        row(began_at=at(0), ended_at=at(600)),
        row(began_at=at(300), ended_at=at(900), source="justice"),
        row(began_at=at(2000), ended_at=None, source="health"),
    ]
    assert down(entries, "justice", START, at(3000)) == timedelta(seconds=900)
    assert down(entries, "labour", START, at(3000)) == timedelta(seconds=600)
    assert down(entries, "health", START, at(3000)) == timedelta(seconds=1600)


def test_a_statement_counts_failures_and_shows_what_was_announced() -> None:
    month = datetime(2026, 3, 1)  # noqa: DTZ001 - a month has no zone
    hour = timedelta(hours=1)
    entries = [
        row(began_at=START, ended_at=START + 3 * hour, remark="=1+1", responsible="IT <x>"),
        row(kind="planned", began_at=START, ended_at=START + 9 * hour),
    ]
    statement = state(entries, "justice", month, datetime(2026, 5, 1, tzinfo=UTC))
    assert statement.begin == datetime(2026, 3, 1, tzinfo=BAKU)
    assert round(statement.availability, 6) == round(1 - 3 / (31 * 24), 6)
    cells = list(csv.reader(io.StringIO(statement.as_csv())))
    assert cells[1][4:7] == ["2026-03-02 12:00:00", "2026-03-02 15:00:00", "180.0"]
    assert cells[1][-1] == "'=1+1"
    assert "IT &lt;x&gt;" in statement.as_html()
    assert "99.5968%" in statement.as_html()


def test_the_statement_of_a_month_that_is_not_over_ends_now() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    month = datetime(2026, 3, 1)  # noqa: DTZ001 - a month has no zone
    statement = state([row()], "justice", month, now)
    assert (statement.end, statement.down) == (now, timedelta(hours=1))
