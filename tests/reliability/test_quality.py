"""A crash before and after every effect of a quality round: found and answered as without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from connectors._kit.discover import discover
from hub.quality.rounds import QualityRound
from hub.store.database import Database
from routing.observer import Unobserved
from schemas.catalogue import records
from schemas.envelope import Operation
from schemas.manifest import CONTENT_TYPE
from tests.integration.quality.test_manifests import CONTRACT, told
from tests.integration.quality.test_rounds import interior
from tests.integration.registry.writing import put
from tests.reliability.fuse import Crash, Fuse, FusedDatabase
from tests.support.intake_bench import Bench

pytestmark = [pytest.mark.reliability, pytest.mark.database, pytest.mark.no_cover]

_EMPTY = """
TRUNCATE evidence.standing_finding, evidence.freshness, evidence.quality_round, evidence.receipt
"""
_AGAIN = "UPDATE evidence.manifest SET agrees = NULL, answer = NULL"
_FOUND = "SELECT rule, ministry, place, amount, state, times FROM evidence.standing_finding"
_ANSWERS = "SELECT receipt_id, (body -> 0) - 'answeredAt' AS body FROM evidence.receipt"


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    """A hub in which facts, a manifest and a source's check disagree."""
    with ExitStack() as end:
        database = Database(database_url)
        end.callback(database.close)
        made = Bench(database, discover())
        end.callback(made.bus.close)
        put(database, interior(Operation.CREATE, 1, "A"), interior(Operation.VERIFY, 2, "B"))
        made.send("labour", CONTRACT, "m-1")
        made.send("labour", told("m-1", "m-2"), "manifest-1", content_type=CONTENT_TYPE)
        made.work()
        made.later(minutes=5)
        yield made


@pytest.mark.timeout(300)
def test_a_crash_anywhere_in_a_round_changes_neither_findings_nor_answers(
    bench: Bench, database_url: str
) -> None:
    calm = _after(bench, database_url, Fuse(burns_at=0))
    assert len(calm[0]) == 2
    assert len(calm[1]) == 1
    place, seen = 1, set()
    while True:
        fuse = Fuse(burns_at=place)
        assert _after(bench, database_url, fuse) == calm, fuse.places
        if not fuse.burnt:
            break
        seen.update(fuse.places)
        place += 1
    assert seen == {"quality before begin", "quality before commit", "quality after commit"}
    assert place > 15


def _after(bench: Bench, url: str, fuse: Fuse) -> tuple[list[Any], list[Any]]:
    """Go round from nothing, through at most one crash; tell findings and answers."""
    with bench.database.transaction() as tx:
        tx.execute(_EMPTY)
        tx.execute(_AGAIN)
    for _ in range(2):
        database = FusedDatabase(url, fuse, "quality")
        kinds, ministries = tuple(records()), tuple(bench.connectors)
        try:
            QualityRound(database, ministries, kinds, Unobserved(), {}).step(bench.now)
            break
        except Crash:
            continue
        finally:
            database.close()
    return bench.rows(f"{_FOUND} ORDER BY rule"), bench.rows(_ANSWERS)
