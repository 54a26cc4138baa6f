"""What a subscriber's worker holds while it decides and sends: its turn, and all its fences."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.delivery import fence
from tests.support.outbound_bench import BODY, OutboundBench, outbound_bench

pytestmark = pytest.mark.database
_HELD = """
SELECT mode, count(*) AS locks FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database
    WHERE datname = current_database()) GROUP BY mode ORDER BY mode
"""
_FREE = """
SELECT pg_try_advisory_xact_lock(hashtextextended('outbound.turn:' || %s, 0)) AS turn
"""


@pytest.fixture
def bench(database_url: str) -> Iterator[OutboundBench]:
    with outbound_bench(database_url) as made:
        yield made


def test_a_batch_has_the_turn_and_shares_every_fence_until_it_is_done(bench: OutboundBench) -> None:
    for name in ("one-grant", "two-grant"):
        bench.grant(grant=name)
    with fence.delivering(bench.connect(), BODY) as grant_ids:
        assert grant_ids == ["one-grant", "two-grant"]
        assert bench.rows(_HELD) == [
            {"mode": "ExclusiveLock", "locks": 1},
            {"mode": "ShareLock", "locks": 2},
        ]
        assert bench.rows(_FREE, BODY) == [{"turn": False}]
    assert bench.rows(_HELD) == []


def test_without_any_grant_a_batch_has_the_turn_nevertheless(bench: OutboundBench) -> None:
    with fence.delivering(bench.connect(), BODY) as grant_ids:
        assert grant_ids == []
        assert bench.rows(_FREE, BODY) == [{"turn": False}]
    assert bench.rows(_FREE, BODY) == [{"turn": True}]


def test_what_fails_inside_gives_everything_back(bench: OutboundBench) -> None:
    bench.grant()
    database = bench.connect()
    with pytest.raises(KeyError), fence.delivering(database, BODY):
        raise KeyError
    assert bench.rows(_HELD) == []
