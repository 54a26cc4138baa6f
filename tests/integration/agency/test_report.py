"""What analysts ask is answered from the views, and the page says it as it is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from lxml import html as html_parser

from hub.agency import report
from hub.agency.dictionary import dictionary
from hub.registry import feed
from hub.store.database import Database
from schemas.envelope import Event
from tests.integration.agency.samples import golden_events
from tests.integration.registry.events import contract, event, fin, person
from tests.integration.registry.writing import NOW, put
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.database

QUESTIONS = list(report.questions())


def rows(database: Database, name: str) -> list[dict[str, Any]]:
    with database.transaction() as tx:
        return list(report.answer(tx, name).rows)


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer, template_database: str) -> Iterator[Database]:
    name = f"{template_database}_report"
    database = Database(postgres.create(name, template_database))
    put(database, *golden_events())
    with database.transaction() as tx:
        feed.append(tx, list(golden_events())[:20], NOW)
    yield database
    database.close()
    postgres.drop(name)


def payroll(period: str, *workers: str, fund: str = "") -> Event:
    lines = [
        {"worker": fin(worker), "months": 3, "wage": "1000.00", "employeePremium": "20.00",
         "employerPremium": "20.00"}
        for worker in workers
    ]  # fmt: skip
    data = {
        "payer": {"notation": "0000001041", "type": "urn:az:org:voen"},
        "period": period,
        "employees": len(lines),
        "wageFund": fund or f"{1000 * len(lines)}.00",
        "employeePremium": f"{20 * len(lines)}.00",
        "employerPremium": f"{20 * len(lines)}.00",
        "lines": lines,
    }
    return event("payroll_report", data, ministry="economy", message_id=period)


def working(number: int, worker: str) -> Event:
    data = contract(number, worker, "Mühasib")
    return event("employment_contract", data, ministry="labour", message_id=f"c-{number}")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_an_answer_and_its_sql_is_open(filled: Database, name: str) -> None:
    with filled.transaction() as tx:
        told = report.answer(tx, name)
    assert told.sql.lstrip().startswith("SELECT")
    assert told.rows or name in ("analysis_gaps", "analysis_unreconciled")


def test_the_page_is_well_formed_draws_and_loads_nothing(filled: Database) -> None:
    with filled.transaction() as tx:
        told = report.page([report.answer(tx, name) for name in QUESTIONS], NOW)
    tree = html_parser.fromstring(told)
    assert [h.get("id") for h in tree.iter("h2")] == QUESTIONS
    assert len(list(tree.iter("rect"))) > 5
    assert not list(tree.iter("script", "link", "img", "iframe"))
    assert "://" not in told


def test_contracts_without_payroll_and_the_reverse_are_counted(database: Database) -> None:
    put(database, working(1, "TST0001"), working(2, "TST0002"), working(3, "TST0002"),
        payroll("2026-Q1", "TST0001", "TST0003", "TST0004"))  # fmt: skip
    found = {row["missing"]: row["persons"] for row in rows(database, "analysis_gaps")}
    assert found == {"payroll": 1, "contract": 2}


def test_only_totals_that_do_not_reconcile_are_listed(database: Database) -> None:
    put(database, payroll("2026-Q1", "TST0001"), payroll("2026-Q2", "TST0001", fund="1500.50"))
    (found,) = rows(database, "analysis_unreconciled")
    assert (found["period"], found["wage_difference"]) == ("2026-Q2", Decimal("500.50"))
    assert (found["employee_difference"], found["premium_difference"]) == (0, 0)


def test_small_cells_are_not_shown_and_others_are(database: Database) -> None:
    smallest = dictionary().smallest_cell
    young = [f"TST1{n:03}" for n in range(smallest)]
    old = [f"TST2{n:03}" for n in range(smallest - 1)]
    for group, born in ((young, "2001-01-01"), (old, "1951-01-01")):
        put(database, *(
            event("person", person(fin(number), dateOfBirth=born,
                  domicile={"adminUnitCode": "AZ-BA", "addressType": "registered"}),
                  ministry="interior", message_id=number)
            for number in group
        ))  # fmt: skip
    put(database, *(working(n, number) for n, number in enumerate([*young, *old])))
    found = rows(database, "analysis_coverage")
    assert sorted((row["persons"] or 0, row["suppressed"]) for row in found) == [
        (0, True),
        (smallest, False),
    ]
    assert {row["territory"] for row in found} == {"AZ-BA"}


def test_what_is_calculated_stands_beside_what_is_paid(filled: Database) -> None:
    found = rows(filled, "analysis_excise")
    assert any(row["calculated"] for row in found)
    assert all(row["calculated"] >= 0 and row["paid"] >= 0 for row in found)


def test_texts_of_sources_cannot_become_markup() -> None:
    view = dictionary().views["analysis_freshness"]
    row = {"source": "<b>", "record": "a&b", "changes": 3, "last_change": NOW}
    told = report.page([report.Answer("analysis_freshness", view, [row], "SELECT 1 < 2")], NOW)
    assert "<b>" not in told
    assert "&lt;b&gt;" in told
    assert "a&amp;b" in told
