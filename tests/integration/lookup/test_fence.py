"""A restriction bites at once: what is on its way is waited for, what comes after is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.delivery import fence
from hub.lookup.answering import Answer, Answering
from hub.lookup.app import HandedOver, LookupService
from hub.lookup.changes import Changes
from hub.lookup.question import Entity, Question
from hub.lookup.readers import Readers
from hub.store.database import Database
from routing.observer import Unobserved
from schemas.identifiers import Namespaces
from tests.support.locks import WAITING
from tests.support.lookup_site import FIN, LookupSite
from tests.support.outbound_bench import BODY, PERSONS, OutboundBench
from tests.support.servers import wait_until

pytestmark = pytest.mark.database
QUESTION = Question(Entity.PERSON, f"urn:az:pid:fin:{FIN}", frozenset({"person"}), "claim 118")


def answering(bench: OutboundBench) -> Answering:
    ids = iter(f"{number:032x}" for number in range(1000))
    return Answering(PERSONS, 200, Unobserved(), bench.clock, lambda: next(ids))


def ask(bench: OutboundBench, database: Database) -> Answer:
    with answering(bench).answer(database, BODY, QUESTION) as answer:
        return answer


def started(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def someone_waits(bench: OutboundBench) -> bool:
    return bool(bench.rows(WAITING))


def test_a_revocation_waits_for_the_answer_that_is_on_its_way(bench: OutboundBench) -> None:
    grant_id, database = bench.grant(), bench.connect()
    with answering(bench).answer(database, BODY, QUESTION) as answer:
        assert answer.body
        revoking = started(lambda: bench.revoke(grant_id))
        wait_until(lambda: someone_waits(bench), 60, "the revocation")
    revoking.join(10)
    assert not revoking.is_alive()
    refused = ask(bench, database)
    assert (refused.body, refused.refusal is None) == (b"", False)


def test_a_lookup_waits_for_a_restriction_and_is_decided_after_it(bench: OutboundBench) -> None:
    grant_id, database, answers = bench.grant(), bench.connect(), list[Answer]()
    with bench.connect().transaction() as restricting:
        fence.alone(restricting, grant_id)
        asking = started(lambda: answers.append(ask(bench, database)))
        wait_until(lambda: someone_waits(bench), 60, "the lookup")
        assert answers == []
        restricting.execute(
            "INSERT INTO outbound.grant_standing (grant_id, entry, version, standing, ground,"
            " reason, by, at) VALUES (%s, 9, 1, 'suspended', '5.3.1', 'x', 'x', now())",
            [grant_id],
        )
    asking.join(10)
    assert answers[0].refusal is not None


def test_two_at_once_do_not_exceed_the_volume_of_a_grant(bench: OutboundBench) -> None:
    bench.grant(recordsPerDay=5)
    connections = [bench.connect() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda database: ask(bench, database), connections))
    assert sum(1 for answer in answers if answer.body) == 2
    (row,) = bench.rows("SELECT records FROM outbound.usage")
    assert row["records"] == 4


def test_a_lost_lookup_leaves_no_fence_behind(bench: OutboundBench) -> None:
    grant_id, database = bench.grant(), bench.connect()
    held = answering(bench).answer(database, BODY, QUESTION)
    assert held.__enter__().body
    database.close()
    bench.revoke(grant_id)
    assert ask(bench, bench.connect()).refusal is not None


def hand_over(answer: Answer, send: Any, seconds: float) -> list[str]:
    left: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def run() -> None:
        response = HandedOver(answer, lambda: left.append("left"), seconds)
        await response({"type": "http"}, receive, send)

    asyncio.run(run())
    return left


def test_who_does_not_read_is_cut_off_and_the_fence_is_left() -> None:
    async def stuck(_: MutableMapping[str, Any]) -> None:
        await asyncio.Event().wait()

    assert hand_over(Answer("0" * 32, b"[]"), stuck, 0.05) == ["left"]


def test_the_fence_is_left_after_the_last_byte_and_not_before() -> None:
    sent: list[Any] = []
    body = b"x" * 100_000

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    assert hand_over(Answer("0" * 32, body), send, 5) == ["left"]
    assert b"".join(message.get("body", b"") for message in sent) == body
    assert max(len(message.get("body", b"")) for message in sent) <= 16 * 1024
    assert not sent[-1].get("more_body")


def test_an_answer_leaves_before_the_grant_it_rests_on_is_over(bench: OutboundBench) -> None:
    bench.grant(validUntil="2026-03-02T08:00:05Z")
    nobody = Readers({}, {}, None, None)
    changes = Changes(nobody, bench.clock)
    service = LookupService(nobody, answering(bench), Namespaces(), 10, changes)
    answer = ask(bench, bench.connect())
    assert service.time_for(answer) == 5
    bench.clock.advance(6)
    assert service.time_for(answer) == 0
    assert service.time_for(Answer("0" * 32)) == 10


def test_all_connections_of_a_reader_in_use_is_said_and_passes(site: LookupSite) -> None:
    site.bench.grant()
    with ThreadPoolExecutor(4) as pool:
        with site.bench.connect().transaction() as restricting:
            fence.alone(restricting, "pensions-persons")
            waiting = [pool.submit(site.found, f"/v1/persons/{FIN}") for _ in range(4)]
            wait_until(lambda: len(site.rows(WAITING)) == 4, 60, "four lookups")
            refused = site.get(f"/v1/persons/{FIN}")
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert all(len(future.result()) == 2 for future in waiting)
