"""Notices: told once, seen by the ministry, and linked to what came in place of the refused."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from hub.evidence import noticeboard
from hub.evidence.noticeboard import Chosen, Stand
from routing import keys
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
NO_DATE = CONTRACT.replace(b'"startsOn": "2026-03-09"', b'"startsOn": "soon"')
TODAY = date(2026, 3, 2)


def stands(bench: Bench, today: date = TODAY, **chosen: Any) -> list[tuple[str, str, int]]:
    with bench.database.transaction() as tx:
        rows = noticeboard.groups(tx, Chosen(**chosen), today)
    return [(row["rule"], row["stand"], row["notices"]) for row in rows]


def refuse(bench: Bench, *message_ids: str) -> None:
    for message_id in message_ids:
        bench.send("labour", NO_DATE, message_id)
    bench.work()


def test_many_records_that_break_one_rule_share_notices_of_bounded_size(bench: Bench) -> None:
    document = {"notices": [json.loads(NO_DATE)] * 230}
    for _ in range(2):
        bench.send("labour", json.dumps(document).encode(), "m-1")
        bench.work()
    told = [json.loads(each.body) for each in bench.taken(keys.notice_queue("labour"))]
    assert [len(notice["records"]) for notice in told] == [100, 100, 30]
    assert {notice["rule"] for notice in told} == {"date-format"}
    assert [r["ordinal"] for notice in told for r in notice["records"]] == list(range(230))
    assert [notice["ordinal"] for notice in told] == [0, 100, 200]
    assert stands(bench) == [("date-format", "open", 3)]
    bench.send("labour", CONTRACT, "m-2", headers={"corrects": "m-1"})
    bench.work()
    assert stands(bench) == [("date-format", "corrected", 3)]


def test_a_corrected_message_is_linked_to_the_refused_one(bench: Bench) -> None:
    refuse(bench, "m-1", "m-2")
    assert stands(bench) == [("date-format", "open", 2)]
    bench.send("labour", CONTRACT, "m-3", headers={"corrects": "m-1"})
    bench.work()
    assert set(stands(bench)) == {("date-format", "open", 1), ("date-format", "corrected", 1)}
    with bench.database.transaction() as tx:
        (row,) = noticeboard.page(tx, Chosen(message_id="m-1"), TODAY)
    assert noticeboard.described(row)["correctedBy"] == "m-3"
    (event,) = bench.canonical()
    assert event.causationid == "m-1"


def test_a_correction_that_is_refused_itself_corrects_nothing(bench: Bench) -> None:
    refuse(bench, "m-1")
    bench.send("labour", NO_DATE, "m-2", headers={"corrects": "m-1"})
    bench.work()
    assert stands(bench) == [("date-format", "open", 2)]


@pytest.mark.parametrize("named", ["m-1", "nothing-known", "with blanks in it", "x" * 201])
def test_a_correction_of_itself_or_of_nothing_is_a_message_like_any_other(
    bench: Bench, named: str
) -> None:
    bench.send("labour", CONTRACT, "m-1", headers={"corrects": named})
    bench.work()
    (event,) = bench.canonical()
    assert event.causationid == ("nothing-known" if named == "nothing-known" else None)


def test_the_same_correction_again_changes_nothing(bench: Bench) -> None:
    refuse(bench, "m-1")
    for _ in range(2):
        bench.send("labour", CONTRACT, "m-2", headers={"corrects": "m-1"})
        bench.work()
        bench.later(minutes=1)
    (row,) = bench.rows("SELECT corrected_at, created_at FROM evidence.notice")
    assert row["corrected_at"] == row["created_at"]


def test_another_ministry_corrects_nothing_of_this_one(bench: Bench) -> None:
    refuse(bench, "m-1")
    births = sample("health", "every-action.in.xml")
    given = {"content_type": "application/xml", "headers": {"corrects": "m-1"}}
    bench.send("health", births, "m-2", **given)
    bench.work()
    assert ("date-format", "open", 1) in stands(bench)


def test_a_day_that_was_agreed_makes_a_notice_overdue_until_it_is_corrected(bench: Bench) -> None:
    refuse(bench, "m-1")
    chosen = Chosen("labour", "date-format")
    with bench.database.transaction() as tx:
        assert noticeboard.acknowledge(tx, chosen, "somebody", bench.now) == 1
        assert noticeboard.acknowledge(tx, chosen, "another", bench.now) == 0
        assert noticeboard.agree(tx, chosen, date(2026, 3, 9)) == 1
    assert stands(bench) == [("date-format", "acknowledged", 1)]
    assert stands(bench, today=date(2026, 3, 9)) == [("date-format", "acknowledged", 1)]
    assert stands(bench, today=date(2026, 3, 10)) == [("date-format", "overdue", 1)]
    bench.send("labour", CONTRACT, "m-2", headers={"corrects": "m-1"})
    bench.work()
    assert stands(bench, today=date(2026, 3, 10)) == [("date-format", "corrected", 1)]


def test_pages_go_on_behind_the_last_notice(bench: Bench) -> None:
    refuse(bench, *(f"m-{n}" for n in range(5)))
    seen, after = [], None
    with bench.database.transaction() as tx:
        while rows := noticeboard.page(tx, Chosen(), TODAY, stand=Stand.OPEN, most=2, after=after):
            seen += [row["body"]["messageId"] for row in rows]
            after = rows[-1]["notice_id"].hex
        assert noticeboard.page(tx, Chosen(), TODAY, stand=Stand.OVERDUE) == []
    assert sorted(seen) == [f"m-{n}" for n in range(5)]
