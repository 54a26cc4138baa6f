"""Blocked at the request of the person concerned: nothing that tells of them leaves, by any way."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hub.agency.request_register import RequestKind
from hub.agency.requests import Requests
from hub.delivery import fence
from schemas.envelope import Operation
from tests.integration.registry.events import event, link
from tests.integration.registry.writing import put
from tests.support.locks import WAITING
from tests.support.outbound_bench import START, OutboundBench, due, outbound_bench, paper, person
from tests.support.servers import wait_until

pytestmark = pytest.mark.database

PAPERS = {
    "grant": "pensions-papers",
    "records": ["identity_document"],
    "fields": {"identity_document": ["document", "holder", "number", "status"]},
}


@pytest.fixture
def bench(database_url: str) -> Iterator[OutboundBench]:
    with outbound_bench(database_url) as made:
        yield made


def ask(bench: OutboundBench, by: str, verb: str, *given: object) -> int:
    with bench.connect().transaction() as tx:
        made = getattr(Requests(tx, bench.tokens[by], START), verb)(*given)
    return made.request_id if made else 0


def block(bench: OutboundBench, subject: str = "urn:az:pid:fin:TST0001") -> int:
    number = ask(bench, "second", "open", RequestKind.BLOCKING, subject, "as the letter says")
    ask(bench, "third", "grant", number, "founded")
    return number


def test_what_tells_of_a_blocked_person_is_withheld_with_its_cause_and_others_leave(
    bench: OutboundBench,
) -> None:
    bench.grant()
    bench.grant(**PAPERS)
    number = block(bench)
    bench.dispatcher().dispatch(due(person(1), person(2), paper(1), paper(2)))
    assert {each["subject"].rpartition(":")[2] for each in bench.endpoint.events} == {
        "TST0002",
        "AA0000002",
    }
    kept = bench.rows("SELECT * FROM outbound.disclosure WHERE verdict = 'withheld'")
    assert {row["reason"] for row in kept} == {"data-blocked"}
    assert {row["record_type"] for row in kept} == {"person", "identity_document"}
    assert all(f"request {number} " in row["missing"] for row in kept)


def test_a_block_holds_under_every_number_that_is_linked(bench: OutboundBench) -> None:
    put(
        bench.database,
        event("subject_link", link("00000001", "TST0001"), ministry="migration", message_id="1"),
    )
    bench.grant()
    block(bench, "urn:az:pid:smx:00000001")
    bench.dispatcher().dispatch(due(person(1)))
    assert bench.endpoint.parcels == []
    assert bench.log() == [("withheld", "data-blocked")]


def test_an_operation_without_content_is_about_whom_its_fact_is_about(
    bench: OutboundBench,
) -> None:
    known = paper(1)
    put(bench.database, known)
    bench.grant(**PAPERS)
    block(bench)
    bare = {"operation": Operation.ANNUL, "data": None, "version": 2, "id": "0" * 31 + "1"}
    bench.dispatcher().dispatch(due(known.model_copy(update=bare)))
    assert bench.log() == [("withheld", "data-blocked")]


def test_after_a_block_is_lifted_what_is_offered_again_leaves(bench: OutboundBench) -> None:
    bench.grant()
    number = block(bench)
    dispatcher, offered = bench.dispatcher(), due(person(1))
    dispatcher.dispatch(offered)
    ask(bench, "second", "lift", number, "over")
    dispatcher.dispatch(offered)
    assert len(bench.endpoint.events) == 1
    assert bench.log() == [("withheld", "data-blocked"), ("allowed", None)]


def test_a_block_waits_for_what_was_decided_and_has_not_left(bench: OutboundBench) -> None:
    grant_id = bench.grant()
    blocking = threading.Thread(target=block, args=[bench])
    with fence.shared(bench.connect(), [grant_id]):
        blocking.start()
        wait_until(lambda: bool(bench.rows(WAITING)), 30, "the block to wait")
        assert bench.rows("SELECT FROM agency.blocked") == []
    blocking.join(30)
    assert len(bench.rows("SELECT FROM agency.blocked")) == 1
