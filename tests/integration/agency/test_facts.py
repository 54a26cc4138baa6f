"""Facts of staff: on the path of ministries' records, believed last, gone when they expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors._kit.contract import Rules
from connectors._kit.discover import discover
from connectors._staff.dialect import CONTENT_TYPE, written
from hub.agency import fact_register
from hub.agency.fact_register import FactState
from hub.evidence import journal, operators
from hub.evidence.declined import Declined
from hub.evidence.record_log import State
from hub.intake.remaking import events_of
from hub.registry.past import Moment
from hub.registry.writer import write
from hub.store.database import Database
from schemas.envelope import Operation
from schemas.errors import Unavailable
from schemas.staff_fact import PersonStatement
from tests.connectors.test_staff import FACT
from tests.integration.agency.staff import Broken, Office
from tests.integration.registry.events import event, fin, person
from tests.integration.registry.writing import NOW, empty, exported, put
from tests.support.intake_bench import Bench

pytestmark = pytest.mark.database

SAID = "Sınaq şəhəri"
STATES = """
SELECT state, as_of::text FROM (VALUES (%s::timestamptz), (%s::timestamptz)) AS t (as_of)
CROSS JOIN LATERAL (SELECT ended_at IS NULL AS state FROM published.staff_facts_at(as_of, %s)) AS f
"""


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.fixture
def careful(database: Database) -> Office:
    return Office(database, four_eyes=True)


def test_a_fact_is_journalled_counted_and_believed_where_no_ministry_speaks(office: Office) -> None:
    entry = office.enter()
    assert entry.state is FactState.IN_FORCE
    assert office.value("placeOfBirth") == (SAID, "agency")
    line = office.line()
    assert (line.messages, line.received, line.settled[State.WRITTEN]) == (1, 1, 1)


def test_a_ministry_is_never_overridden_and_the_contradiction_is_a_finding(office: Office) -> None:
    office.enter(statement=PersonStatement(family_name="Nümunəyev", place_of_birth=SAID))
    said = person(fin("TST0001")) | {"familyName": "Misallı"} | {"placeOfBirth": "Başqa yer"}
    put(office.database, event("person", said, ministry="migration", message_id="m-1"))
    assert office.value("familyName") == ("Misallı", "migration")
    assert office.value("placeOfBirth") == ("Başqa yer", "migration")
    assert {each["field"] for each in office.findings() if each["rule"] == "contradiction"} == {
        "familyName",
        "placeOfBirth",
    }


def test_it_ends_by_itself_and_was_so_until_then(office: Office) -> None:
    until = NOW + timedelta(days=30)
    office.enter(expires_at=until)
    assert office.expire() == 0
    office.later(days=40)
    assert office.expire() == 1
    assert office.expire() == 0
    assert office.value("placeOfBirth")[0] is None
    before, after = until - timedelta(days=1), until + timedelta(days=1)
    assert office.value("placeOfBirth", Moment(valid_before=before)) == (SAID, "agency")
    assert office.value("placeOfBirth", Moment(valid_before=after))[0] is None
    known = Moment(known_before=until + timedelta(days=5))
    assert office.value("placeOfBirth", known) == (SAID, "agency")
    with office.database.transaction() as tx:
        rows = tx.rows(STATES, [before, after, office.now])
    assert [row["state"] for row in rows] == [True, False]
    assert [act["action"] for act in office.acts(1)] == ["fact-entered", "fact-expired"]
    assert office.line().settled[State.WRITTEN] == 2


def test_what_was_withdrawn_was_never_so_but_was_once_believed(office: Office) -> None:
    entry = office.enter()
    believed = office.now
    office.later(hours=1)
    office.withdraw(entry.fact_id)
    assert office.value("placeOfBirth")[0] is None
    early = Moment(known_before=believed + timedelta(minutes=1))
    assert office.value("placeOfBirth", early) == (SAID, "agency")
    with pytest.raises(Declined, match="fact-state"):
        office.withdraw(entry.fact_id)


def test_what_expired_can_still_be_withdrawn(office: Office) -> None:
    entry = office.enter(expires_at=NOW + timedelta(days=1))
    office.later(days=2)
    office.expire()
    office.withdraw(entry.fact_id)
    during = Moment(valid_before=NOW + timedelta(hours=1))
    assert office.value("placeOfBirth", during)[0] is None


@pytest.mark.parametrize("error", [Unavailable("broker: down"), KeyboardInterrupt()])
def test_a_fact_that_was_not_published_is_brought_by_the_relay(
    office: Office, error: BaseException
) -> None:
    office.open(Broken(error))
    if isinstance(error, Unavailable):
        office.enter()
    else:
        with pytest.raises(KeyboardInterrupt):
            office.enter()
    assert office.value("placeOfBirth")[0] is None
    assert office.line().in_flight + office.line().unaccounted == 1
    office.relay.step(office.later(minutes=5))
    office.work()
    assert office.value("placeOfBirth") == (SAID, "agency")
    assert office.line().settled[State.WRITTEN] == 1


def test_whoever_rebuilds_the_registry_from_the_journal_has_the_same_facts(office: Office) -> None:
    office.enter(expires_at=NOW + timedelta(days=1))
    office.enter(statement=PersonStatement(family_name="Nümunəyev"))
    office.later(days=2)
    office.expire()
    office.withdraw(2)
    before = exported(office.database)
    empty(office.database)
    with office.database.transaction() as tx:
        ids = [row["journal_id"] for row in tx.rows("SELECT journal_id FROM evidence.journal")]
        rows = journal.read(tx, ids)
        events = [event for row in rows for event in events_of(row, discover(), Rules())]
        write(tx, events, office.now)
    assert len(ids) == 4
    assert exported(office.database) == before


def test_with_four_eyes_it_is_a_proposal_until_another_person_approves_it(careful: Office) -> None:
    entry = careful.enter()
    assert entry.state is FactState.PROPOSED
    assert careful.value("placeOfBirth") == (None, None)
    for name in ("aydan", "root"):  # root made the token of aydan's, and saw it
        with pytest.raises(Declined, match="four-eyes"):
            careful.facts.decide(careful.tokens[name], 1, approve=True, reason="seen")
    careful.facts.decide(careful.tokens["elnur"], 1, approve=True, reason="seen")
    careful.work()
    assert careful.value("placeOfBirth") == (SAID, "agency")
    with careful.database.transaction() as tx:
        (row,) = tx.rows("SELECT entered_by, approved_by FROM published.staff_facts")
    assert row == {"entered_by": "aydan", "approved_by": "elnur"}
    assert [act["actor"] for act in careful.acts(1)] == ["aydan", "elnur"]


def test_what_was_rejected_never_comes_to_the_registry(careful: Office) -> None:
    careful.enter()
    careful.facts.decide(careful.tokens["elnur"], 1, approve=False, reason="no document")
    careful.work()
    assert careful.value("placeOfBirth") == (None, None)
    with pytest.raises(Declined, match="fact-state"):
        careful.facts.decide(careful.tokens["elnur"], 1, approve=True, reason="after all")
    with careful.database.transaction() as tx:
        assert tx.rows("SELECT FROM evidence.journal") == []


def test_a_proposal_whose_time_is_over_is_not_approved(careful: Office) -> None:
    careful.enter(expires_at=NOW + timedelta(days=1))
    careful.later(days=2)
    with pytest.raises(Declined, match="fact-times"):
        careful.facts.decide(careful.tokens["elnur"], 1, approve=True, reason="seen")


def test_two_entries_do_not_speak_of_the_same_field_of_one_person(office: Office) -> None:
    office.enter()
    with pytest.raises(Declined, match="fact-said: fact 1"):
        office.enter(statement=PersonStatement(place_of_birth="Başqa yer", sex="male"))
    office.withdraw(1)
    office.enter(statement=PersonStatement(place_of_birth="Başqa yer"))
    assert office.value("placeOfBirth") == ("Başqa yer", "agency")


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"since": NOW + timedelta(days=1)}, "fact-times"),
        ({"expires_at": NOW - timedelta(days=1)}, "fact-times"),
        ({"since": NOW - timedelta(days=9), "expires_at": NOW - timedelta(days=3)}, "fact-times"),
        ({"authority": "  "}, "fact-authority"),
        ({"purpose": ""}, "fact-purpose"),
    ],
)
def test_what_cannot_be_entered_is_declined(
    office: Office, given: dict[str, Any], rule: str
) -> None:
    with pytest.raises(Declined, match=rule):
        office.enter(**given)
    with office.database.transaction() as tx:
        assert fact_register.known(tx) == []


def test_who_enters_is_who_holds_the_token_and_may_see_persons(office: Office) -> None:
    with office.database.transaction() as tx:
        root = office.tokens["root"]
        office.tokens["masked"] = operators.add(tx, "masked", root, NOW, masked=True)
    office.tokens["nobody"] = "guess"
    for name, rule in (("masked", "operator-masked"), ("nobody", "not-authenticated")):
        with pytest.raises(Declined, match=rule):
            office.enter(name)


def test_the_audit_says_who_did_what_and_names_nobody(office: Office) -> None:
    office.enter()
    (act,) = office.acts(1)
    assert (act["actor"], act["basis"], act["reason"]) == ("aydan", "act 1", "service")
    assert act["detail"]["fields"] == ["placeOfBirth"]
    assert "TST0001" not in str(act)
    assert SAID not in str(act)


def test_a_fact_that_holds_since_earlier_was_so_since_then(office: Office) -> None:
    office.enter(since=datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=30))
    assert office.value("placeOfBirth", Moment(valid_before=NOW - timedelta(days=2)))[0] == SAID


def test_nobody_can_send_what_only_staff_may_enter(database: Database) -> None:
    bench = Bench(database, discover())
    body = written(Operation.CREATE, NOW, FACT)
    bench.send("labour", body, content_type=CONTENT_TYPE, headers={"channel": "staff"})
    bench.work()
    assert bench.states() == [("refused", "content-type")]
    assert bench.canonical() == []
