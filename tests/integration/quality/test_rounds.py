"""Rounds open findings where data disagree, and resolve them when they agree again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from hub.evidence import record_log
from hub.evidence.findings import Turn, Wanted
from hub.evidence.record_log import Entry, State
from hub.quality.report import Report, draw_up
from hub.quality.rounds import QualityRound
from hub.store.database import Database
from schemas.catalogue import records
from schemas.envelope import Event, Operation, derive_record_id
from tests.integration.registry.events import (
    EPOCH,
    act,
    alias_urn,
    event,
    family_act,
    fin,
    fin_urn,
    link,
    participant,
    person,
    renaming,
)
from tests.integration.registry.writing import put

pytestmark = pytest.mark.database

NOW = EPOCH + timedelta(days=3)
LATER = NOW + timedelta(hours=1)
ALIAS = alias_urn("00000001")


class Gauges:
    """An observer that remembers the last level of each gauge."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, ...], float] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None: ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self.levels[(name, *labels.values())] = value


def look(
    database: Database,
    now: Any = NOW,
    *,
    numbered: Mapping[str, Sequence[str]] | None = None,
    observer: Gauges | None = None,
) -> Turn:
    ministries = ("interior", "justice", "migration")
    round_ = QualityRound(
        database, ministries, tuple(records()), observer or Gauges(), numbered or {}
    )
    return round_.step(now)


def report(database: Database, **wanted: Any) -> Report:
    with database.transaction() as tx:
        return draw_up(tx, Wanted(**wanted))


def standing(database: Database, **wanted: Any) -> list[tuple[str, str, int, int]]:
    return [(t.ministry, t.rule, t.open, t.resolved) for t in report(database, **wanted).tallies]


def interior(operation: Operation, version: int, name: str = "A", **more: Any) -> Event:
    data = person(fin("TST0001"), name, **more)
    return event(
        "person", data, ministry="interior", message_id=f"p{version}{operation}",
        operation=operation, version=version,
    )  # fmt: skip


def test_a_contradiction_is_open_for_both_sources_until_they_agree_and_opens_again(
    database: Database,
) -> None:
    dead = act(1, "death", participant("deceased", "TST0001", "A"))
    justice = event("civil_status_act", dead, ministry="justice", message_id="a1")
    put(database, interior(Operation.CREATE, 9, dateOfDeath="2026-02-02"), justice)
    gauges = Gauges()
    assert look(database, observer=gauges).opened > 0
    found = standing(database, rule="contradiction")
    assert {ministry for ministry, *_ in found} == {"interior", "justice"}
    assert gauges.levels["findings_open", "interior", "contradiction"] == found[0][2]
    assert look(database, LATER) == Turn(0, 0)
    put(database, interior(Operation.CORRECT, 10, "A", dateOfDeath="2026-02-01", sex="female"))
    look(database, LATER, observer=gauges)
    after = {ministry: (n, resolved) for ministry, _, n, resolved in standing(database)}
    assert after["interior"] == (0, found[0][2])
    assert gauges.levels["findings_open", "interior", "contradiction"] == 0
    put(database, interior(Operation.CORRECT, 11, "A", dateOfDeath="2026-02-03", sex="female"))
    look(database, LATER + timedelta(hours=1))
    with database.transaction() as tx:
        (again,) = tx.rows(
            "SELECT times, opened_at FROM evidence.standing_finding"
            " WHERE place = 'dateOfDeath' AND ministry = 'interior' AND state = 'open'"
        )
    assert (again["times"], again["opened_at"]) == (2, LATER + timedelta(hours=1))


def test_a_name_that_a_parents_new_name_should_have_changed_is_open_until_the_source_says_it(
    database: Database,
) -> None:
    def justice(number: int, data: dict[str, Any]) -> Event:
        return event("civil_status_act", data, ministry="justice", message_id=f"a{number}")

    born = {"dateOfBirth": "2026-02-01", "patronymicName": "Köhnə"}
    put(database, interior(Operation.CREATE, 1, "Körpə", **born))
    put(database, justice(1, family_act(1, "TST0001", "TST0002", "TST0003")))
    put(database, justice(2, renaming(2, "father", "TST0002", "Yeni", "Nümunəyev")))
    look(database)
    rule = "name-change-expected"
    assert standing(database, rule=rule) == [("interior", rule, 1, 0)]
    put(database, interior(Operation.CHANGE, 2, "Körpə", **born | {"patronymicName": "Yeni"}))
    look(database, LATER)
    assert standing(database, rule=rule) == [("interior", rule, 0, 1)]


def test_an_alias_with_two_fins_is_open_for_who_linked_it_until_one_link_is_annulled(
    database: Database,
) -> None:
    def linked(to: str, version: int, ministry: str, operation: Operation) -> Event:
        return event(
            "subject_link", link("00000001", to), ministry=ministry,
            message_id=f"l{to}{version}", operation=operation, version=version,
        )  # fmt: skip

    migrant = person({"notation": "00000001", "type": "urn:az:pid:smx"}, "M")
    put(database, event("person", migrant, ministry="migration", message_id="m1"))
    put(database, linked("TST0001", 1, "migration", Operation.CREATE))
    put(database, linked("TST0002", 1, "interior", Operation.CREATE))
    look(database)
    wanted = [("interior", "two-fins", 1, 0), ("migration", "two-fins", 1, 0)]
    assert standing(database, rule="two-fins") == wanted
    put(database, linked("TST0002", 2, "interior", Operation.ANNUL))
    look(database, LATER)
    wanted = [("interior", "two-fins", 0, 1), ("migration", "two-fins", 0, 1)]
    assert standing(database, rule="two-fins") == wanted


def test_a_check_that_differs_is_open_until_the_source_sends_what_it_showed(
    database: Database,
) -> None:
    put(database, interior(Operation.CREATE, 1, "A"), interior(Operation.VERIFY, 2, "B"))
    look(database)
    assert standing(database) == [("interior", "verify-different", 1, 0)]
    put(database, interior(Operation.CORRECT, 3, "B"))
    look(database, LATER)
    assert standing(database) == [("interior", "verify-different", 0, 1)]


def test_a_check_of_what_the_registry_has_not_or_has_annulled_is_missing(
    database: Database,
) -> None:
    put(database, interior(Operation.VERIFY, 2, "A"))
    look(database)
    assert standing(database) == [("interior", "verify-missing", 1, 0)]
    put(database, interior(Operation.CREATE, 1, "A"))
    look(database, LATER)
    assert standing(database) == [("interior", "verify-missing", 0, 1)]
    put(database, interior(Operation.ANNUL, 3), interior(Operation.VERIFY, 4, "A"))
    look(database, LATER)
    assert standing(database) == [("interior", "verify-missing", 1, 0)]
    put(database, interior(Operation.ANNUL, 5))
    look(database, LATER)
    assert standing(database) == [("interior", "verify-missing", 0, 1)]


def log(
    database: Database, *numbers: int, received: Any = EPOCH, ministry: str = "justice"
) -> None:
    """Log accepted acts of these numbers."""
    entries = [
        Entry(
            derive_record_id(ministry, f"n{number}", 0, "civil_status_act"), number, 0, ministry,
            "live", "civil_status_act", State.RECEIVED, version=number, numbered=True,
            occurred_at=EPOCH - timedelta(minutes=100 - number),
        )
        for number in numbers
    ]  # fmt: skip
    with database.transaction() as tx:
        record_log.admit(tx, entries, received)


NUMBERED = {"justice": ("civil_status_act",)}


def test_numbers_that_never_came_are_gaps_and_those_that_come_late_close_them(
    database: Database,
) -> None:
    gauges = Gauges()
    log(database, 3, 4, 5, 9, 10, 12)
    look(database, numbered=NUMBERED, observer=gauges)
    assert standing(database) == [("justice", "sequence-gap", 2, 0)]
    assert gauges.levels["sequence_gaps", "justice", "civil_status_act"] == 4
    log(database, 6, 7, 8)
    look(database, LATER, numbered=NUMBERED, observer=gauges)
    assert standing(database) == [("justice", "sequence-gap", 1, 1)]
    assert gauges.levels["sequence_gaps", "justice", "civil_status_act"] == 1


def test_the_report_names_numbers_and_days_but_counts_what_is_about_persons(
    database: Database,
) -> None:
    log(database, 3, 5, 9)
    put(database, interior(Operation.VERIFY, 2, "A"))
    look(database, numbered=NUMBERED)
    found = [(p.ministry, p.rule, p.place, p.amount) for p in report(database).places]
    assert found == [("justice", "sequence-gap", "4", 1), ("justice", "sequence-gap", "6-8", 3)]
    assert report(database, ministry="interior").places == []


def test_a_number_that_may_still_be_under_way_is_no_gap(database: Database) -> None:
    log(database, 1, 3, received=NOW - timedelta(seconds=30))
    assert look(database, numbered=NUMBERED) == Turn(0, 0)
    assert look(database, LATER, numbered=NUMBERED) == Turn(1, 0)


def test_of_a_source_that_is_not_known_to_number_nothing_is_assumed(database: Database) -> None:
    log(database, 1, 5)
    assert look(database) == Turn(0, 0)


def test_freshness_is_the_latest_of_each_source_and_grows_with_it(database: Database) -> None:
    gauges = Gauges()
    log(database, 1, 2)
    look(database, observer=gauges)
    (fresh,) = report(database).fresh
    assert (fresh.ministry, fresh.record_type) == ("justice", "civil_status_act")
    assert (fresh.received_at, fresh.occurred_at) == (EPOCH, EPOCH - timedelta(minutes=98))
    log(database, 50, received=NOW)
    look(database, LATER, observer=gauges)
    (fresh,) = report(database).fresh
    assert (fresh.received_at, fresh.occurred_at) == (NOW, EPOCH - timedelta(minutes=50))
    key = ("source_last_received", "justice", "civil_status_act")
    assert gauges.levels[key] == NOW.timestamp()
    assert report(database, ministry="labour").fresh == []


def test_that_was_looked_is_kept_and_the_report_says_when(database: Database) -> None:
    assert report(database).at is None
    put(database, interior(Operation.VERIFY, 2, "A"))
    look(database)
    look(database, LATER)
    assert report(database).at == LATER
    assert report(database).errors == 1
    assert report(database, since=LATER).tallies == []
    with database.transaction() as tx:
        kept = tx.rows("SELECT opened, resolved, open FROM evidence.quality_round ORDER BY at")
    assert [tuple(row.values()) for row in kept] == [(1, 0, 1), (0, 0, 1)]


def test_subjects_are_in_findings_but_not_in_the_report(database: Database) -> None:
    put(database, interior(Operation.VERIFY, 2, "A"))
    look(database)
    assert fin_urn("TST0001") not in str(report(database).as_dict())
    with database.transaction() as tx:
        (row,) = tx.rows("SELECT subject FROM evidence.standing_finding")
    assert row["subject"] == fin_urn("TST0001")
