"""Grants are proposed by one, approved by another, restricted at once, and all is on record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.delivery import subscribers
from hub.delivery.governance import Ground
from hub.delivery.sender import Parcel
from hub.evidence.declined import Declined
from schemas.errors import Unavailable
from tests.support.locks import WAITING
from tests.support.outbound_bench import (
    BODY,
    START,
    Endpoint,
    OutboundBench,
    document,
    due,
    outbound_bench,
    person,
)
from tests.support.servers import wait_until

pytestmark = pytest.mark.database
GRANT = "pensions-persons"


@pytest.fixture
def bench(database_url: str) -> Iterator[OutboundBench]:
    with outbound_bench(database_url) as made:
        yield made


def declined(act: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Declined) as caught:
        act(*arguments, **named)
    return caught.value.rule


def test_a_proposal_is_no_basis(bench: OutboundBench) -> None:
    bench.governance().propose(bench.tokens["second"], document(), "asked for")
    bench.dispatcher().dispatch(due(person(1)))
    assert bench.log() == [("withheld", "no-grant")]


def test_whoever_proposed_cannot_approve_nor_can_who_issued_their_token(
    bench: OutboundBench,
) -> None:
    governance = bench.governance()
    governance.propose(bench.tokens["second"], document(), "asked for")
    for name in ("second", "first"):
        rule = declined(
            governance.decide, bench.tokens[name], GRANT, 1, approve=True, reason="checked"
        )
        assert rule == "four-eyes"
    governance.decide(bench.tokens["third"], GRANT, 1, approve=True, reason="checked")
    bench.dispatcher().dispatch(due(person(1)))
    assert len(bench.endpoint.events) == 1


def test_with_four_eyes_off_one_operator_may_do_both(bench: OutboundBench) -> None:
    governance = bench.governance(four_eyes=False)
    governance.propose(bench.tokens["second"], document(), "asked for")
    governance.decide(bench.tokens["second"], GRANT, 1, approve=True, reason="checked")


def test_a_rejected_proposal_stays_rejected(bench: OutboundBench) -> None:
    governance = bench.governance()
    governance.propose(bench.tokens["second"], document(), "asked for")
    third = bench.tokens["third"]
    governance.decide(third, GRANT, 1, approve=False, reason="not needed")
    assert (
        declined(governance.decide, third, GRANT, 1, approve=True, reason="yet")
        == "already-decided"
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"subscriber": "nobody"}, "subscriber-unknown"),
        (
            {
                "decision": {
                    **document().decision.model_dump(by_alias=True, mode="json"),
                    "authority": "Somebody",
                }
            },
            "access-authority",
        ),
    ],
)
def test_what_cannot_be_proposed(bench: OutboundBench, changes: dict[str, Any], rule: str) -> None:
    assert (
        declined(bench.governance().propose, bench.tokens["second"], document(**changes), "why")
        == rule
    )


def test_nobody_acts_without_a_token_or_a_reason(bench: OutboundBench) -> None:
    governance, token = bench.governance(), bench.tokens["second"]
    assert declined(governance.propose, None, document(), "why") == "not-authenticated"
    assert declined(governance.propose, token, document(), " ") == "reason"
    assert declined(governance.revoke, token, GRANT, Ground.OTHER, "") == "reason"
    assert declined(governance.revoke, token, GRANT, Ground.OTHER, "why") == "grant-unknown"
    assert declined(governance.decide, token, GRANT, 1, approve=True, reason="x") == "grant-unknown"


def test_a_suspension_bites_on_what_comes_next_and_lifting_it_says_what_was_withheld(
    bench: OutboundBench,
) -> None:
    grant = bench.grant()
    bench.dispatcher().dispatch(due(person(1)))
    bench.suspend(grant)
    bench.dispatcher().dispatch(due(person(2), person(3)))
    assert len(bench.endpoint.events) == 1
    assert bench.log()[1:] == [("withheld", "grant-suspended")] * 2
    assert bench.lift(grant) == {"withheld": 2, "recalled": 0}
    bench.dispatcher().dispatch(due(person(2)))
    assert len(bench.endpoint.events) == 2


def test_what_was_revoked_is_neither_lifted_nor_amended_nor_revoked_again(
    bench: OutboundBench,
) -> None:
    grant = bench.grant()
    bench.revoke(grant)
    governance, token = bench.governance(), bench.tokens["second"]
    assert declined(governance.lift, token, grant, "why") == "standing"
    assert declined(governance.propose, token, document(), "why") == "grant-revoked"
    assert declined(governance.revoke, token, grant, Ground.OTHER, "why") == "standing"


def test_an_amendment_takes_the_place_of_the_version_before_it(bench: OutboundBench) -> None:
    bench.grant()
    bench.grant(fields={"person": ["identifier"]})
    bench.dispatcher().dispatch(due(person(1)))
    assert bench.endpoint.events[0]["data"].keys() == {"identifier"}
    (row,) = bench.rows("SELECT grant_version FROM outbound.disclosure")
    assert row["grant_version"] == 2


def test_a_suspended_grant_is_not_brought_back_by_an_amendment(bench: OutboundBench) -> None:
    bench.suspend(bench.grant())
    with pytest.raises(Declined, match="grant-restricted"):
        bench.grant()


def test_every_change_is_versioned_and_audited(bench: OutboundBench) -> None:
    grant = bench.grant()
    bench.suspend(grant)
    bench.lift(grant)
    bench.revoke(grant)
    entries = bench.rows("SELECT standing, ground, by FROM outbound.grant_standing ORDER BY entry")
    assert [(row["standing"], row["ground"]) for row in entries] == [
        ("in-force", "approved"),
        ("suspended", "5.3.1"),
        ("in-force", "lifted"),
        ("revoked", "5.3.2"),
    ]
    audited = bench.rows(
        "SELECT action, actor FROM evidence.audit WHERE object = %s ORDER BY entry_id",
        f"grant:{grant}",
    )
    assert [row["action"] for row in audited] == [
        "grant-proposed",
        "grant-approved",
        "grant-suspended",
        "grant-lifted",
        "grant-revoked",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbound.disclosure SET verdict = 'held'",
        "DELETE FROM outbound.disclosure",
        "UPDATE outbound.grant_standing SET standing = 'in-force'",
        "DELETE FROM outbound.grant_version",
        "UPDATE outbound.grant_version SET document = '{}'",
    ],
)
def test_what_was_decided_cannot_be_rewritten(bench: OutboundBench, statement: Any) -> None:
    bench.grant()
    bench.dispatcher().dispatch(due(person(1)))
    with pytest.raises(Exception, match=r"append-only|never changes"):
        bench.rows(statement)


def test_a_revocation_waits_for_what_is_being_sent_and_nothing_follows(
    bench: OutboundBench,
) -> None:
    grant = bench.grant()
    sending, go_on = threading.Event(), threading.Event()

    class Slow(Endpoint):
        def send(self, parcel: Parcel, now: Any) -> None:
            sending.set()
            assert go_on.wait(30)
            super().send(parcel, now)

    slow = Slow()
    worker = bench.dispatcher(slow)
    sender = threading.Thread(target=worker.dispatch, args=[due(person(1))])
    sender.start()
    assert sending.wait(30)
    revoking = threading.Thread(target=bench.revoke, args=[grant])
    revoking.start()
    wait_until(lambda: bool(bench.rows(WAITING)), 30, "the revocation at the fence")
    assert len(bench.rows("SELECT FROM outbound.grant_standing")) == 1
    go_on.set()
    sender.join()
    revoking.join()
    worker.dispatch(due(person(2)))
    assert len(slow.events) == 1
    assert bench.log() == [("allowed", None), ("withheld", "grant-revoked")]


def test_a_revocation_waits_for_a_sender_that_vanished_until_its_time_is_over(
    bench: OutboundBench,
) -> None:
    grant = bench.grant()

    class Vanishing(Endpoint):
        def send(self, parcel: Parcel, now: Any) -> None:
            raise KeyboardInterrupt

    database = bench.connect()
    worker = replace(bench.dispatcher(Vanishing()), database=database)
    with pytest.raises(KeyboardInterrupt):
        worker.dispatch(due(person(1)))
    bench.rows("UPDATE outbound.parcel SET ended_at = NULL, outcome = NULL RETURNING delivery_id")
    bench.revoke(grant)
    assert bench.clock.now >= START + timedelta(seconds=30)


def test_the_end_of_a_grant_is_acted_upon_by_the_clock_alone(bench: OutboundBench) -> None:
    bench.grant(validUntil="2026-03-02T09:00:00Z")
    governance = bench.governance()
    assert governance.keep_watch() == 0
    bench.clock.advance(3600)
    assert governance.keep_watch() > 0
    assert governance.keep_watch() == 0
    (row,) = bench.rows("SELECT actor FROM evidence.audit WHERE action = 'grant-expired'")
    assert row["actor"] == "clock"


def test_a_broker_that_cannot_be_told_does_not_keep_a_grant_in_force(database_url: str) -> None:
    with outbound_bench(database_url, channel="amqp") as bench:
        grant = bench.grant()
        bench.administration.failure = Unavailable("broker control: down")
        with pytest.raises(Unavailable):
            bench.revoke(grant)
        (row,) = bench.rows("SELECT settled_at FROM outbound.access")
        assert row["settled_at"] is None
        bench.dispatcher().dispatch(due(person(1)))
        assert bench.log() == [("withheld", "grant-revoked")]


def test_a_subscriber_changes_its_records_but_not_its_channel(bench: OutboundBench) -> None:
    narrower = replace(bench.subscriber, records=("person",)).document()
    with bench.database.transaction() as tx:
        assert subscribers.put(tx, bench.tokens["first"], narrower, START) == 2
        found = subscribers.find(tx, BODY)
        assert found is not None
        assert found.records == ("person",)
    other = replace(bench.subscriber, test_mode=True).document()
    with bench.database.transaction() as tx, pytest.raises(Declined, match="for good"):
        subscribers.put(tx, bench.tokens["first"], other, START)
