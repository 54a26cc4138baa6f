"""What a ministry's whole picture does not show is a finding, and nothing is annulled for it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from hub.registry.writer import write
from tests.integration.quality.test_manifests import (
    CONTRACT,
    answers,
    bench,
    declare,
    look,
    standing,
    told,
)
from tests.support.intake_bench import Bench

__all__ = ["bench"]
pytestmark = pytest.mark.database

DAY = "2026-03-03"
TYPE = "employment_contract"


def tell(bench: Bench, message_id: str, number: str, event: str = "CONCLUDED") -> None:
    """Let the ministry tell of a contract, and the registry write it."""
    notice = json.loads(CONTRACT)
    notice["eventType"] = event
    notice["eventTime"] = (bench.now - timedelta(minutes=1)).isoformat()
    notice["contract"]["contractNumber"] = number
    if event == "CANCELLED":
        notice["contract"] = {"contractNumber": number}
    bench.send("labour", json.dumps(notice).encode(), message_id)
    bench.work()
    events = bench.canonical()
    assert events
    with bench.database.transaction() as tx:
        write(tx, events, bench.now)


@pytest.fixture
def held(bench: Bench) -> Bench:
    """Three contracts in the registry; the next day the ministry shows all it has: one of them."""
    for number in ("C-1", "C-2", "C-3"):
        tell(bench, f"m-{number}", number)
    bench.later(days=1)
    tell(bench, "s-1", "C-1", "CHANGED")
    return bench


def active(bench: Bench) -> int:
    return len(bench.rows("SELECT FROM registry.employment_contract WHERE standing = 'active'"))


@pytest.mark.parametrize("listed", [True, False])
def test_facts_that_a_snapshot_does_not_show_are_findings_and_stay(
    held: Bench, listed: bool
) -> None:
    declare(held, told("s-1", day=DAY, snapshot=[TYPE], listed=listed))
    (answer,) = answers(held)
    assert (answer["agrees"], answer["extraFacts"]) == (True, {TYPE: 2})
    assert standing(held) == {"snapshot-extra": (2, 0)}
    assert active(held) == 3
    look(held)
    assert standing(held) == {"snapshot-extra": (2, 0)}


def test_a_finding_is_resolved_when_the_source_tells_of_the_fact_or_annuls_it(
    held: Bench,
) -> None:
    declare(held, told("s-1", day=DAY, snapshot=[TYPE]))
    answers(held)
    tell(held, "m-9", "C-2", "CHANGED")
    look(held)
    assert standing(held) == {"snapshot-extra": (1, 1)}
    tell(held, "m-10", "C-3", "CANCELLED")
    look(held)
    assert standing(held) == {"snapshot-extra": (0, 2)}


def test_nothing_is_held_against_a_picture_that_did_not_come_whole(held: Bench) -> None:
    declare(held, told("s-1", "s-2", day=DAY, snapshot=[TYPE]))
    (answer,) = answers(held)
    assert (answer["agrees"], answer["extraFacts"]) == (False, {})
    assert "snapshot-extra" not in standing(held)
    tell(held, "s-2", "C-2", "CHANGED")
    (answer,) = answers(held)
    assert (answer["agrees"], answer["extraFacts"]) == (True, {TYPE: 1})


def test_what_came_to_be_after_the_day_of_the_picture_is_not_held_against_it(
    held: Bench,
) -> None:
    held.later(days=1)
    tell(held, "m-later", "C-4")
    declare(held, told("s-1", day=DAY, snapshot=[TYPE]))
    (answer,) = answers(held)
    assert answer["extraFacts"] == {TYPE: 2}


def test_a_later_picture_is_the_whole_of_what_is_extra(held: Bench) -> None:
    declare(held, told("s-1", day=DAY, snapshot=[TYPE]))
    answers(held)
    held.later(days=1)
    for number in ("C-1", "C-2", "C-3"):
        tell(held, f"t-{number}", number, "CHANGED")
    shown = ("t-C-1", "t-C-2", "t-C-3")
    declare(held, told(*shown, day="2026-03-04", snapshot=[TYPE]), "manifest-2")
    answers(held)
    assert standing(held) == {"snapshot-extra": (0, 2)}


def test_a_manifest_that_speaks_of_other_bodies_records_is_refused(bench: Bench) -> None:
    declare(bench, told(snapshot=["person"]))
    assert bench.states() == [("refused", "manifest")]
