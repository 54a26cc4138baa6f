"""The simulator and the connectors were written apart from one text; here they meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest

from connectors._kit.contract import Connector, Normalized, RawMessage, Rules
from connectors._kit.discover import discover
from connectors._kit.soap_client import fetch
from hub.simulator.ministries import MINISTRIES
from hub.simulator.sent import Sent
from hub.simulator.soap_services import PollServer, PollService
from hub.simulator.stream import stream
from schemas.envelope import Operation
from schemas.errors import Refused
from tests.connectors.contracts import contract_faults

BAKU = timezone(timedelta(hours=4))
START = datetime(2026, 3, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 3, 2, 9, tzinfo=BAKU)
BY_INTAKE = frozenset({"unroutable-key", "message-id-reused"})

Outcome = tuple[int, str | None, str | None]


@cache
def connectors() -> dict[str, Connector]:
    return discover()


def raw(sent: Sent) -> RawMessage:
    message = sent.message
    return RawMessage(sent.ministry, sent.message_key, message.content_type, message.body, RECEIVED)


def outcomes(sent: Sent) -> list[Outcome]:
    """Ordinal and, for an accepted record, its type, for a refused one the rule."""
    try:
        items = list(connectors()[sent.ministry].normalize(raw(sent), Rules()))
    except Refused as error:
        return [(0, None, error.rule)]
    return [
        (item.ordinal, item.record_class.record_type, None)
        if isinstance(item, Normalized)
        else (item.ordinal, None, item.error.rule)
        for item in items
    ]


def expected(sent: Sent) -> list[Outcome]:
    return [
        (item.ordinal, None if item.rule else item.record_type, item.rule) for item in sent.expected
    ]


def decided_by_connector(sent: Sent) -> bool:
    return not any(item.rule in BY_INTAKE for item in sent.expected)


@pytest.mark.parametrize("ministry", MINISTRIES)
@pytest.mark.parametrize("faults", [0.0, 0.9])
def test_a_connector_finds_exactly_what_the_account_expects(ministry: str, faults: float) -> None:
    told = stream(700, 3, faults, (ministry,), START)
    wrong = [
        (sent.fault, expected(sent), outcomes(sent))
        for sent in told
        if decided_by_connector(sent) and outcomes(sent) != expected(sent)
    ]
    assert wrong == []


@pytest.mark.parametrize("ministry", MINISTRIES)
def test_the_simulator_covers_every_record_and_every_operation(ministry: str) -> None:
    connector = connectors()[ministry]
    missing = {(record, operation) for record in connector.records for operation in Operation}
    for sent in stream(6_000, 6, 0.7, (ministry,), START):
        if decided_by_connector(sent) and not any(item.rule for item in sent.expected):
            items = connector.normalize(raw(sent), Rules())
            missing -= {(i.record_class, i.operation) for i in items if isinstance(i, Normalized)}
        if not missing:
            break
    assert missing == set()


@pytest.mark.parametrize("ministry", MINISTRIES)
def test_ordinary_messages_keep_the_ministrys_published_contract(ministry: str) -> None:
    for sent in stream(150, 4, 0, (ministry,), START):
        suffix = ".json" if "json" in sent.message.content_type else ".xml"
        assert contract_faults(connectors()[ministry], raw(sent), suffix) == []


@pytest.mark.parametrize("ministry", ["justice", "interior"])
def test_the_poll_client_gets_all_the_service_has_in_spite_of_passing_faults(
    ministry: str,
) -> None:
    connector = connectors()[ministry]
    told = stream(45, 5, 0.5, (ministry,), START, polled=True)
    service = PollService(ministry, told, faults=0.6)
    polled: list[tuple[str, bytes]] = []
    with PollServer({ministry: service}) as server:
        after, more = 0, True
        while more:
            page = fetch(
                connector,
                connector.polls[0],
                server.url(ministry),
                after=after,
                limit=20,
                timeout=5.0,
                pause=lambda _: None,
            )
            polled += [(item.message_id, item.document) for item in page.items]
            after, more = page.items[-1].sequence, page.more
    assert polled == [(sent.message.message_id, sent.message.body) for sent in told]
