"""The published views say what the dictionary says, and the past as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, LiteralString

import pytest

from hub.agency import views
from hub.agency.dictionary import SCHEMA, Dictionary, View, columns_of, dictionary
from hub.registry import feed
from hub.registry.writer import write
from hub.store.database import Database
from hub.store.statements import compose
from schemas.envelope import Operation
from schemas.errors import Stop
from tests.integration.agency.samples import golden_events
from tests.integration.registry.events import EPOCH, contract, event, turmoil
from tests.integration.registry.writing import NOW, put
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.database

VIEWS = dictionary().views
HISTORIC = [name for name, view in VIEWS.items() if view.historic]
SOME = ("contracts", "tax_registrations")
EVER = "infinity"

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = %s ORDER BY table_name, ordinal_position
"""


def shown(database: Database, name: str) -> list[dict[str, Any]]:
    with database.transaction() as tx:
        return tx.rows(compose("SELECT * FROM {view}", view=(SCHEMA, name)))


def at(database: Database, name: str, as_of: object, known_at: object) -> list[dict[str, Any]]:
    statement: LiteralString = "SELECT * FROM {view} (%s::timestamptz, %s::timestamptz)"
    with database.transaction() as tx:
        return tx.rows(compose(statement, view=(SCHEMA, f"{name}_at")), [as_of, known_at])


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer, template_database: str) -> Iterator[Database]:
    """A registry with every golden sample, and much that collides."""
    name = f"{template_database}_views"
    database = Database(postgres.create(name, template_database))
    put(database, *golden_events(), *turmoil(seed=3, size=150))
    with database.transaction() as tx:
        feed.append(tx, list(golden_events()), NOW)
    yield database
    database.close()
    postgres.drop(name)


def test_the_dictionary_and_the_database_have_the_same_columns(filled: Database) -> None:
    with filled.transaction() as tx:
        rows = tx.rows(_COLUMNS, [SCHEMA])
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row["table_name"], []).append((row["column_name"], row["data_type"]))
    said = {
        name: [(column, words.type) for column, words in columns_of(view).items()]
        for name, view in VIEWS.items()
    }
    assert found == said


def test_every_column_carries_its_meaning_in_the_database(filled: Database) -> None:
    with filled.transaction() as tx:
        rows = tx.rows(
            "SELECT col_description('published.contracts'::regclass, ordinal_position) AS text"
            " FROM information_schema.columns WHERE table_name = 'contracts'"
            " AND table_schema = 'published' ORDER BY ordinal_position"
        )
    words = columns_of(VIEWS["contracts"]).values()
    assert [row["text"] for row in rows] == [f"{word.az} | {word.en}" for word in words]


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_shows_something_and_each_row_once(filled: Database, name: str) -> None:
    rows = shown(filled, name)
    keys = [tuple(row[column] for column in VIEWS[name].key) for row in rows]
    assert rows
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", HISTORIC)
def test_as_known_for_ever_is_as_it_is_now(filled: Database, name: str) -> None:
    assert in_order(at(filled, name, EVER, EVER)) == in_order(shown(filled, name))


@pytest.mark.parametrize("name", HISTORIC)
def test_before_anything_was_known_there_is_nothing(filled: Database, name: str) -> None:
    assert at(filled, name, EVER, EPOCH) == []
    assert at(filled, name, datetime(1900, 1, 1, tzinfo=EPOCH.tzinfo), EVER) == []


@pytest.mark.parametrize("seed", range(3))
def test_as_known_then_is_what_the_view_showed_then(database: Database, seed: int) -> None:
    events = turmoil(seed=seed, size=120)
    moments: list[tuple[datetime, dict[str, list[str]]]] = []
    now = NOW
    while events:
        size = random.Random(len(events)).randint(5, 30)
        batch, events = events[:size], events[size:]
        with database.transaction() as tx:
            write(tx, batch, now)
        then = {
            name: in_order(shown(database, name)) for name in ("contracts", "tax_registrations")
        }
        moments.append((now, then))
        now += timedelta(hours=1)
    assert len({str(then) for _, then in moments}) > 2
    for known_at, then in moments:
        for name, rows in then.items():
            assert in_order(at(database, name, EVER, known_at)) == rows


def test_as_of_a_date_is_what_had_taken_effect_by_then(database: Database) -> None:
    def says(position: str, version: int, operation: Operation) -> None:
        data = contract(1, "TST0001", position) | {"wage": {"amount": f"{version}00.00"}}
        made = event(
            "employment_contract",
            data,
            ministry="labour",
            message_id=f"c-{version}",
            version=version,
            operation=operation,
        )
        put(database, made)

    says("Mühasib", 1, Operation.CREATE)
    says("Mühasib", 2, Operation.CHANGE)
    says("Mühasib", 3, Operation.ANNUL)
    says("Mühasib", 4, Operation.RESTORE)
    minute = timedelta(minutes=1)
    wages = [
        [str(row["wage"]) for row in at(database, "contracts", EPOCH + n * minute, EVER)]
        for n in range(5)
    ]
    assert wages == [[], ["100.00"], ["200.00"], ["200.00"], ["200.00"]]


def test_who_pays_for_whom_is_read_from_contracts_and_payroll(filled: Database) -> None:
    pairs = shown(filled, "policyholder_insured")
    assert {row["ground"] for row in pairs} == {"contract", "payroll"}
    insured: dict[str, set[str]] = {}
    for row in pairs:
        insured.setdefault(row["policyholder"], set()).add(row["insured"])
    counted = {r["policyholder"]: r["insured_persons"] for r in shown(filled, "policyholders")}
    assert counted == {policyholder: len(persons) for policyholder, persons in insured.items()}


def test_making_the_views_again_changes_nothing(database: Database) -> None:
    with database.transaction() as tx:
        assert views.sync(tx) is False


def another(words: Dictionary) -> Dictionary:
    contracts: View = words.views["contracts"]
    columns = {name: column for name, column in contracts.columns.items() if name != "wage"}
    narrower = contracts.model_copy(update={"columns": columns})
    return words.model_copy(update={"views": dict(words.views) | {"contracts": narrower}})


def test_a_changed_dictionary_makes_the_views_anew(database: Database) -> None:
    with database.transaction() as tx:
        assert views.sync(tx, another(dictionary())) is True
        rows = tx.rows(_COLUMNS, [SCHEMA])
    assert "wage" not in {r["column_name"] for r in rows if r["table_name"] == "contracts"}


def test_views_that_others_have_built_on_ours_are_named_and_not_dropped(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("CREATE VIEW public.mine AS SELECT contract FROM published.contracts")
    with pytest.raises(Stop, match="mine"), database.transaction() as tx:
        views.sync(tx, another(dictionary()))
    with database.transaction() as tx:
        assert tx.rows("SELECT * FROM public.mine") == []


def test_every_purpose_and_every_key_is_one_of_the_dictionary() -> None:
    words = dictionary()
    for view in words.views.values():
        assert set(view.purposes) <= set(words.purposes)
        assert set(view.key) <= set(columns_of(view))
