"""The contract guard against a server that serves what a ministry might."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from connectors._kit.discover import discover
from hub.cli.ending import Exit
from hub.contracts.collection import contract_files
from hub.contracts.guard import Guard, Sighting
from hub.contracts.shapes import FORMAL
from hub.contracts.verdict import State, judge
from hub.metrics import Metrics
from hub.sections import ContractSettings
from hub.store.database import Database
from schemas.errors import Stop
from tests.integration.contracts.served import Served, serving
from tests.support.commands import CommandLine

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONNECTORS = discover()
JUSTICE = contract_files(CONNECTORS["justice"])
OURS = JUSTICE["civil-status.xsd"]
NEW_VALUE = OURS.replace(
    b'<xs:enumeration value="AMEND"/>',
    b'<xs:enumeration value="AMEND"/><xs:enumeration value="SEAL"/>',
)
NARROWER = OURS.replace(b'<xs:enumeration value="AMEND"/>', b"")
NEW_ELEMENT = OURS.replace(
    b'<xs:element name="LegalGround"', b'<xs:element name="Seal"/><xs:element name="LegalGround"'
)
COMMENTED = OURS.replace(b"<xs:schema", b"<!-- published 2026 --><xs:schema", 1)


@dataclass
class Post:
    """A guard, the server it looks at, and the day it is."""

    served: Served
    guard: Guard
    metrics: Metrics
    days: list[datetime] = field(default_factory=lambda: [START])

    def look(self, body: bytes, path: str = "/civil-status.xsd") -> Sighting:
        self.served.documents[path] = body
        (sighting,) = self.guard.look()
        return sighting

    def tomorrow(self) -> None:
        self.days.append(self.days[-1] + timedelta(days=1))

    def measured(self, line: str) -> bool:
        return line in self.metrics.expose().decode().splitlines()


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def post(served: Served, database_url: str) -> Iterator[Post]:
    database, metrics, days = Database(database_url), Metrics(), [START]
    settings = {"justice": settings_of(served.url("/civil-status.xsd"))}
    guard = Guard(CONNECTORS, settings, database, metrics, lambda: days[-1])
    yield Post(served, guard, metrics, days)
    database.close()


def settings_of(*urls: str) -> ContractSettings:
    return ContractSettings(urls=tuple(map(SecretStr, urls)), timeout_seconds=2, max_bytes=100_000)


JUDGED = {
    "the same bytes": (OURS, State.AGREES, []),
    "the same but for words": (COMMENTED, State.AGREES, []),
    "a value we do not know": (NEW_VALUE, State.BREAKS, ["enum-widened"]),
    "an element we do not know": (NEW_ELEMENT, State.BREAKS, ["field-now-required"]),
    "less than we take": (NARROWER, State.DIFFERS, []),
    "another version": (
        OURS.replace(b"civil-status:v1", b"civil-status:v2"), State.BREAKS, ["identity-changed"],
    ),
    "another document": (
        b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"/>',
        State.BREAKS, ["identity-changed", "element-removed"],
    ),
    "a page that says sorry": (b"<html/>", State.BREAKS, ["contract-unreadable"]),
    "no XML": (b"sorry", State.BREAKS, ["contract-unreadable"]),
    "nonsense in JSON": (
        b'{"$id": "urn:x", "properties": []}', State.BREAKS, ["contract-unreadable"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", JUDGED)
def test_a_served_contract_is_judged_by_what_it_means_for_messages(case: str) -> None:
    body, state, rules = JUDGED[case]
    verdict = judge(body, "civil-status.xsd", JUSTICE)
    assert verdict.state == state
    assert [change.rule for change in verdict.breaking] == rules


def test_a_service_is_asked_and_read_so_that_either_side_breaks() -> None:
    narrowed = JUSTICE["poll.wsdl"].replace(
        b'name="limit" type="xs:int"', b'name="limit" type="xs:byte"'
    )
    verdict = judge(narrowed, "service", JUSTICE)
    assert (verdict.state, verdict.contract) == (State.BREAKS, "poll.wsdl")


def test_a_contract_of_an_unknown_namespace_and_name_is_told_of() -> None:
    body = OURS.replace(b"civil-status:v1", b"civil-status:v2")
    (change,) = judge(body, "service", JUSTICE).breaking
    assert change.rule == "contract-unknown"


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_our_own_contracts_agree_with_themselves_wherever_they_are_served(name: str) -> None:
    ours = contract_files(CONNECTORS[name])
    for path, body in ours.items():
        verdict = judge(body + b"\n", "service" if path.endswith(FORMAL) else path, ours)
        agreed = State.AGREES if path.endswith(FORMAL) else State.DIFFERS
        assert (verdict.state, verdict.contract) == (agreed, path)


@pytest.mark.database
def test_a_breaking_difference_is_a_finding_a_metric_and_a_line_in_the_log(post: Post) -> None:
    with capture_logs() as lines:
        sighting = post.look(NEW_VALUE)
    assert (sighting.state, sighting.contract) == (State.BREAKS, "civil-status.xsd")
    assert sighting.breaking[0].place == "CivilStatusNotification/Operation"
    assert post.measured('qovsaq_contract_breaks{ministry="justice"} 1.0')
    assert [(line["event"], line["rule"]) for line in lines] == [
        ("contract breaks messages", "enum-widened")
    ]
    with post.guard.database.transaction() as tx:
        (row,) = tx.rows("SELECT state, changes, body FROM evidence.contract_seen")
    assert (row["state"], row["body"]) == ("breaks", NEW_VALUE)
    assert row["changes"][0]["rule"] == "enum-widened"


@pytest.mark.database
def test_a_mended_contract_ends_the_alarm(post: Post) -> None:
    post.look(NEW_VALUE)
    assert post.look(OURS).state is State.AGREES
    assert post.measured('qovsaq_contract_breaks{ministry="justice"} 0.0')


@pytest.mark.database
def test_a_change_since_the_last_look_is_told_once(post: Post) -> None:
    changed = []
    for body in (OURS, OURS, COMMENTED, COMMENTED, OURS):
        changed.append(post.look(body).changed)
        post.tomorrow()
    assert changed == [False, False, True, False, True]
    with post.guard.database.transaction() as tx:
        rows = tx.rows(
            "SELECT first_seen_at, last_seen_at FROM evidence.contract_seen ORDER BY first_seen_at"
        )
    days = [(row["first_seen_at"] - START, row["last_seen_at"] - START) for row in rows]
    assert [(first.days, last.days) for first, last in days] == [(0, 4), (2, 3)]


@pytest.mark.database
def test_a_service_that_is_down_is_counted_and_ends_no_alarm(post: Post) -> None:
    post.look(NEW_VALUE)
    post.served.statuses["/civil-status.xsd"] = 503
    (sighting,) = post.guard.look()
    assert (sighting.state, sighting.changed) == (State.UNREACHABLE, False)
    assert post.measured('qovsaq_contract_breaks{ministry="justice"} 1.0')
    assert post.measured('qovsaq_contract_failures_total{ministry="justice"} 1.0')


def test_an_address_for_a_ministry_that_is_none_stops() -> None:
    with pytest.raises(Stop, match="QOVSAQ_CONTRACTS__NOBODY__URLS"):
        Guard(CONNECTORS, {"nobody": settings_of()}, Database(""), Metrics(), lambda: START)


@pytest.mark.database
@pytest.mark.parametrize(
    ("body", "status"), [(OURS, Exit.OK), (NEW_VALUE, Exit.NO), (b"", Exit.UNAVAILABLE)]
)
def test_the_command_tells_and_ends_with_the_verdict(
    served: Served, database_url: str, body: bytes, status: Exit
) -> None:
    served.documents["/x.xsd"] = body
    urls = f"{served.url('/x.xsd')}"
    qovsaq = CommandLine(
        {"QOVSAQ_DATABASE_URL": database_url, "QOVSAQ_CONTRACTS__JUSTICE__URLS": urls}
    )
    answer = qovsaq("contracts", "guard", "--json")
    assert answer.status == status, answer.err
    (told,) = answer.json
    assert (told["ministry"], told["address"]) == ("justice", urls)
    shown = qovsaq("contracts", "guard").out
    assert urls in shown
    assert told["state"] in shown
