"""What persons concerned ask for: every step is on record, and what a block keeps back here."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.agency import request_register
from hub.agency.export import Order, export
from hub.agency.request_register import RequestKind, RequestState
from hub.agency.requests import Requests
from hub.agency.search import Search
from hub.evidence import audit, operators
from hub.evidence.declined import Declined
from hub.registry.past import Moment, lookup_past
from hub.registry.person import lookup
from hub.store.database import Database
from tests.integration.registry.events import (
    alias,
    alias_urn,
    contract,
    event,
    fin,
    fin_urn,
    link,
    person,
)
from tests.integration.registry.writing import NOW, put

pytestmark = pytest.mark.database

SUBJECT = fin_urn("TST0001")
LATER = NOW + timedelta(days=1)


class Desk:
    """Requests, each verb in a transaction of its own, by an operator's name."""

    def __init__(self, database: Database, *, four_eyes: bool = True) -> None:
        self.database, self.four_eyes = database, four_eyes
        with database.transaction() as tx:
            root = operators.add(tx, "root", None, NOW)
            self.tokens = {n: operators.add(tx, n, root, NOW) for n in ("aydan", "elnur")}
            self.tokens["root"] = root

    def do(self, by: str, verb: str, *given: Any) -> Any:
        with self.database.transaction() as tx:
            sources = ("interior", "justice")
            told = Requests(tx, self.tokens[by], NOW, self.four_eyes, sources)
            return getattr(told, verb)(*given)

    def open(self, kind: RequestKind = RequestKind.BLOCKING, subject: str = SUBJECT) -> int:
        made = self.do("aydan", "open", kind, subject, "as the letter says")
        return int(made.request_id)

    def blocked(self) -> int:
        number = self.open()
        self.do("elnur", "grant", number, "founded")
        return number

    def steps(self, number: int) -> list[tuple[str, str, str | None]]:
        with self.database.transaction() as tx:
            steps = request_register.steps(tx, number)
        return [(step["state"], step["by"], step["source"]) for step in steps]


@pytest.fixture
def desk(database: Database) -> Desk:
    put(
        database,
        event("person", person(fin("TST0001")), ministry="interior", message_id="1"),
        event("person", person(alias("00000001")), ministry="migration", message_id="2"),
        event("subject_link", link("00000001", "TST0001"), ministry="migration", message_id="3"),
        event("person", person(fin("TST0002")), ministry="interior", message_id="4"),
        *(
            event("employment_contract", contract(n, f"TST000{n}", "x"), ministry="labour",
                  message_id=f"c-{n}")
            for n in (1, 2)
        ),
    )  # fmt: skip
    return Desk(database)


def test_a_rectification_is_forwarded_to_the_source_and_ends_with_a_decision(desk: Desk) -> None:
    number = desk.open(RequestKind.RECTIFICATION)
    desk.do("aydan", "forward", number, "interior", "letter 9")
    desk.do("elnur", "grant", number, "corrected at the source on 5 March")
    assert desk.steps(number) == [
        ("requested", "aydan", None),
        ("forwarded", "aydan", "interior"),
        ("granted", "elnur", None),
    ]
    with desk.database.transaction() as tx:
        acts = audit.about(tx, f"request:{number}")
        assert request_register.known(tx, RequestState.GRANTED)[0]["request_id"] == number
    assert [act["action"] for act in acts] == [
        "request-opened",
        "request-forwarded",
        "request-granted",
    ]
    assert "TST0001" not in str(acts)
    assert "letter" not in str(acts)


def test_a_refusal_has_its_reason_and_ends_it(desk: Desk) -> None:
    number = desk.open()
    desk.do("elnur", "refuse", number, "the act stands")
    with desk.database.transaction() as tx:
        shown = request_register.show(tx, number)
    assert shown is not None
    assert (shown["state"], shown["steps"][-1]["reason"]) == ("refused", "the act stands")
    with pytest.raises(Declined, match="request-state"):
        desk.do("elnur", "grant", number, "after all")


@pytest.mark.parametrize(
    ("by", "verb", "given", "rule"),
    [
        ("aydan", "grant", ("mine",), "four-eyes"),
        ("root", "grant", ("its issuer",), "four-eyes"),
        ("aydan", "refuse", ("mine",), "four-eyes"),
        ("elnur", "grant", (" ",), "reason-missing"),
        ("elnur", "forward", ("interior", "x"), "request-kind"),
        ("elnur", "lift", ("x",), "request-state"),
    ],
)
def test_what_is_not_allowed_is_declined(
    desk: Desk, by: str, verb: str, given: tuple[str, ...], rule: str
) -> None:
    number = desk.open()
    with pytest.raises(Declined, match=rule):
        desk.do(by, verb, number, *given)
    assert len(desk.steps(number)) == 1


def test_only_a_source_there_is_can_be_told(desk: Desk) -> None:
    number = desk.open(RequestKind.RECTIFICATION)
    with pytest.raises(Declined, match="request-source"):
        desk.do("aydan", "forward", number, "nobody", "letter")


def test_who_granted_a_block_does_not_lift_it(desk: Desk) -> None:
    number = desk.blocked()
    with pytest.raises(Declined, match="four-eyes"):
        desk.do("elnur", "lift", number, "over")
    desk.do("aydan", "lift", number, "over")
    assert desk.steps(number)[-1][:2] == ("lifted", "aydan")


def test_steps_can_be_neither_changed_nor_taken_away(desk: Desk) -> None:
    desk.open()
    for statement in (
        "UPDATE agency.request_step SET reason = ''",
        "DELETE FROM agency.request_step",
    ):
        with (
            pytest.raises(Exception, match=r"append-only|may not|forbid"),
            desk.database.transaction() as tx,
        ):
            tx.execute(statement)


def test_a_blocked_person_is_marked_now_and_in_the_past(desk: Desk) -> None:
    number = desk.blocked()
    told = {"rule": "data-blocked", "request": str(number)}
    with desk.database.transaction() as tx:
        now = lookup(tx, SUBJECT)
        then = lookup_past(tx, SUBJECT, Moment(known_before=LATER))
        other = lookup(tx, fin_urn("TST0002"))
    assert now is not None
    assert then is not None
    assert other is not None
    assert told in now.findings
    assert told in then.findings
    assert told not in other.findings


def test_search_says_that_somebody_is_blocked_and_shows_nothing_of_them(desk: Desk) -> None:
    number = desk.blocked()
    with desk.database.transaction() as tx:
        search = Search(tx, desk.tokens["elnur"], "a test", NOW)
        (by_alias,) = search.person(alias_urn("00000001"))
        (other,) = search.person(fin_urn("TST0002"))
    assert (by_alias.blocked, by_alias.fields) == (number, {})
    assert other.blocked is None
    assert other.fields


def test_an_export_leaves_out_who_is_blocked_and_says_how_many_rows(
    desk: Desk, tmp_path: Path
) -> None:
    def persons(folder: str, view: str = "contracts") -> tuple[list[str], int]:
        wanted = Order(view, "a test", LATER, LATER)
        export(desk.database, desk.tokens["elnur"], wanted, tmp_path / folder, LATER)
        text = (tmp_path / folder / f"{wanted.stem}.csv").read_text("utf-8")
        told = orjson.loads((tmp_path / folder / f"{wanted.stem}.json").read_bytes())
        column = "number" if view == "persons" else "person"
        return sorted(row[column] for row in csv.DictReader(text.splitlines())), told["withheld"]

    before = persons("before")
    number = desk.blocked()
    assert before == (["TST0001", "TST0002"], 0)
    assert persons("during") == (["TST0002"], 1)
    assert persons("golden", "persons") == (["TST0002"], 1)
    desk.do("aydan", "lift", number, "over")
    assert persons("after") == before
    (first,), (last,) = ((tmp_path / name).glob("*.csv") for name in ("before", "after"))
    assert first.read_bytes() == last.read_bytes()
