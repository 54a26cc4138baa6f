"""How long the registry takes to find somebody, among N persons with their documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.country.people import Person, person
from benchmarks.populate import populate
from benchmarks.servers import Servers
from hub import bootstrap
from hub.agency.likeness import Name
from hub.agency.search import Search
from hub.evidence import operators
from hub.store.database import Database

_EVER = 10_000_000
_STRIDE = 7_919_317

Question = Callable[[Search, Person], Any]


def lookup(servers: Servers, persons: int, questions: int) -> dict[str, Any]:
    """Fill a registry, then search it as an operator does, one question after another.

    Milliseconds, with the audit's entry and the commit of each search.
    """
    with servers.database() as url:
        bootstrap.bring_up_to_date(url)
        began = time.monotonic()
        populate(url, persons)
        filled = time.monotonic() - began
        database = Database(url, application_name="bench")
        with database.transaction() as tx:
            token = operators.add(tx, "operator", None, datetime.now(UTC))
        found: dict[str, Any] = {"persons": persons, "filled_seconds": round(filled, 1)}
        for name, ask in QUESTIONS.items():
            took = sorted(_asked(database, token, persons, questions, ask))
            found[name] = {
                "p50": round(took[len(took) // 2], 2),
                "p99": round(took[len(took) * 99 // 100], 2),
                "max": round(took[-1], 2),
            }
        database.close()
    return found


def _asked(
    database: Database, token: str, persons: int, questions: int, ask: Question
) -> Iterator[float]:
    for number in range(questions):
        who = person(number * _STRIDE % persons)
        began = time.perf_counter()
        with database.transaction() as tx:
            search = Search(tx, token, "measured", datetime.now(UTC), per_day=_EVER)
            if not ask(search, who):
                raise AssertionError(f"person {who.index} was not found")
        yield (time.perf_counter() - began) * 1000


def _by_document(search: Search, who: Person) -> Any:
    return search.holder(f"urn:az:pid:doc:AA{who.index:07d}")


def _by_name(search: Search, who: Person) -> Any:
    given, family, _ = who.plain
    return search.named(Name(given, family, None), who.born)


QUESTIONS: Mapping[str, Question] = {
    "fin": lambda search, who: search.person(f"urn:az:pid:fin:{who.fin}"),
    "document": _by_document,
    "name": _by_name,
}
