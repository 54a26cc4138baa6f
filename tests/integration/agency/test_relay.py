"""The Agency's systems are served what was committed, each by itself, again where a relay died."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from hub.agency import systems
from hub.evidence import audit
from hub.evidence.declined import Declined
from hub.registry.handler import RegistryHandler
from hub.store.database import Database
from routing.bus import NotConfirmed, Publisher
from routing.keys import agency_queue
from routing.message import POSITION, Message
from routing.observer import Unobserved
from tests.integration.agency.site import Agency, of_contract, of_person
from tests.integration.registry.writing import NOW

pytestmark = pytest.mark.database


class Killed(BaseException):
    """The process was killed here."""


@dataclass
class Dying:
    """A publisher whose process is killed after the broker has confirmed."""

    publisher: Publisher
    deaths: int = 1

    def publish(self, messages: Sequence[Message]) -> None:
        self.publisher.publish(messages)
        if self.deaths:
            self.deaths -= 1
            raise Killed

    def close(self) -> None:
        self.publisher.close()


@dataclass
class Refusing:
    """A publisher whose broker refuses for one queue."""

    publisher: Publisher
    queue: str

    def publish(self, messages: Sequence[Message]) -> None:
        if messages[0].routing_key == self.queue:
            raise NotConfirmed("broker: nack")
        self.publisher.publish(messages)

    def close(self) -> None:
        self.publisher.close()


@pytest.fixture
def agency(database_url: str) -> Iterator[Agency]:
    database = Database(database_url)
    yield Agency(database)
    database.close()


def test_each_system_is_sent_what_it_reads_and_nothing_else(agency: Agency) -> None:
    agency.add("persons", "c412.person.#")
    agency.add("work", "*.*.*.labour")
    people = agency.persons(3)
    work = agency.write(of_contract(1))
    agency.relay.step(NOW)
    assert (agency.received("persons"), agency.received("work")) == (people, work)


def test_what_is_sent_is_the_record_as_its_ministry_gave_it(agency: Agency) -> None:
    agency.add("persons", "#")
    agency.write(of_person(1))
    agency.relay.step(NOW)
    assert agency.batches("persons") == [[of_person(1)]]


def test_nothing_is_sent_before_its_commit(
    agency: Agency, database_url: str, connect: Callable[[], Database]
) -> None:
    agency.add("persons", "#")
    writer = connect()
    handler = RegistryHandler("w", writer, agency.bus.publisher(), [], Unobserved())
    with writer.transaction():
        handler._write([of_person(1)], NOW)
        agency.relay.step(NOW)
        assert agency.received("persons") == []
    agency.relay.step(NOW)
    assert agency.received("persons") == [of_person(1).id]


def test_a_relay_killed_between_confirm_and_commit_sends_again_under_the_same_ids(
    agency: Agency,
) -> None:
    agency.add("persons", "#")
    people = agency.persons(5)
    agency.start(Dying(agency.bus.publisher()))
    with pytest.raises(Killed):
        agency.relay.step(NOW)
    assert agency.positions() == {"persons": 0}
    agency.start()
    agency.relay.step(NOW)
    assert agency.received("persons") == people * 2
    agency.relay.step(NOW)
    assert agency.received("persons") == []


def test_a_system_whose_queue_is_missing_keeps_no_other_from_being_served(agency: Agency) -> None:
    agency.add("gone", "#")
    agency.add("persons", "#")
    people = agency.persons(2)
    agency.relay.step(NOW)
    assert agency.received("persons") == people
    assert agency.positions()["gone"] == 0


def test_a_system_whose_queue_refuses_keeps_no_other_from_being_served(agency: Agency) -> None:
    agency.add("persons", "#")
    agency.add("work", "#")
    people = agency.persons(2)
    agency.start(Refusing(agency.bus.publisher(), agency_queue("persons")))
    agency.relay.step(NOW)
    assert agency.received("work") == people
    agency.start()
    agency.relay.step(NOW)
    assert agency.received("persons") == people


def test_a_full_queue_is_left_alone_until_there_is_room(agency: Agency) -> None:
    agency.add("persons", "#")
    people = agency.persons(6)
    agency.start(batch=1, most_waiting=2)
    for expected in (people[:2], people[2:4], people[4:], []):
        agency.relay.step(NOW)
        agency.relay.step(NOW)
        assert agency.received("persons") == expected


def test_the_position_moves_on_past_what_a_system_does_not_read(agency: Agency) -> None:
    agency.add("work", "c31.#")
    agency.persons(3)
    agency.relay.step(NOW)
    assert agency.received("work") == []
    assert agency.positions()["work"] > 0


def test_two_relays_do_not_serve_one_system_at_the_same_time(
    agency: Agency, connect: Callable[[], Database]
) -> None:
    agency.add("persons", "#")
    people = agency.persons(2)
    with connect().transaction() as tx:
        assert systems.take(tx, "persons") is not None
        agency.relay.step(NOW)
        assert agency.received("persons") == []
    agency.relay.step(NOW)
    assert agency.received("persons") == people


def test_a_system_can_be_served_again_from_where_it_has_been(agency: Agency) -> None:
    agency.add("persons", "#")
    people = agency.persons(3)
    agency.relay.step(NOW)
    assert agency.received("persons") == people
    with agency.database.transaction() as tx:
        systems.rewind(tx, agency.token, "persons", 0, NOW)
    agency.relay.step(NOW)
    assert agency.received("persons") == people


def test_a_system_cannot_be_sent_ahead_of_itself(agency: Agency) -> None:
    agency.add("persons", "#")
    with pytest.raises(Declined, match="system-position"), agency.database.transaction() as tx:
        systems.rewind(tx, agency.token, "persons", 10, NOW)


def test_from_now_on_leaves_out_what_is_there(agency: Agency) -> None:
    agency.persons(2)
    agency.add("persons", "#", from_now=True)
    later = agency.persons(1)
    agency.relay.step(NOW)
    assert agency.received("persons") == later


def test_a_message_says_how_far_it_reaches(agency: Agency) -> None:
    agency.add("persons", "#")
    agency.persons(2)
    agency.relay.step(NOW)
    reader = agency.bus.subscribe([agency_queue("persons")], prefetch=10)
    (delivery,) = reader.receive(10, 0)
    assert delivery.headers[POSITION] == str(agency.positions()["persons"])


def test_who_added_moved_and_removed_a_system_is_on_record(agency: Agency) -> None:
    agency.add("persons", "c412.#")
    with agency.database.transaction() as tx:
        systems.rewind(tx, agency.token, "persons", 0, NOW)
        systems.remove(tx, agency.token, "persons", NOW)
        acts = audit.about(tx, "system:persons")
    assert [(act["actor"], act["action"]) for act in acts] == [
        ("root", "system-added"),
        ("root", "system-rewound"),
        ("root", "system-removed"),
    ]
    assert agency.positions() == {}


@pytest.mark.parametrize(
    ("name", "patterns", "purpose", "rule"),
    [
        ("Persons", ["#"], "p", "system-name"),
        ("a.b", ["#"], "p", "system-name"),
        ("a", [], "p", "system-pattern"),
        ("a", ["c412..x"], "p", "system-pattern"),
        ("a", ["#.#.#.#.#"], "p", "system-pattern"),
        ("a", ["#"], "  ", "system-purpose"),
    ],
)
def test_what_is_no_system_is_declined(
    agency: Agency, name: str, patterns: list[str], purpose: str, rule: str
) -> None:
    with pytest.raises(Declined, match=rule), agency.database.transaction() as tx:
        systems.add(tx, agency.token, name, patterns, purpose, NOW)


def test_a_system_needs_an_operator_and_a_name_of_its_own(agency: Agency) -> None:
    with pytest.raises(Declined, match="not-authenticated"), agency.database.transaction() as tx:
        systems.add(tx, "guess", "persons", ["#"], "p", NOW)
    agency.add("persons", "#")
    with pytest.raises(Declined, match="system-exists"):
        agency.add("persons", "#")
    with pytest.raises(Declined, match="system-unknown"), agency.database.transaction() as tx:
        systems.remove(tx, agency.token, "work", NOW)
