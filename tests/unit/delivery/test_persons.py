"""Who is named by what leaves: found in every golden sample as the definition has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from hub.delivery.disclosures import persons_in
from hub.delivery.minimising import minimised, persons_named
from schemas.envelope import json_values
from tests.connectors.golden import RULES, events
from tests.support.outbound_events import person

PERSONS = RULES.namespaces.persons


def as_defined(value: object) -> Iterator[str]:
    """The definition: an object with a text ``notation`` and the ``type`` of a person's number."""
    match value:
        case {"notation": str(notation), "type": str(kind)} if kind in PERSONS:
            yield f"{kind}:{notation}"
        case Mapping():
            for part in value.values():
                yield from as_defined(part)
        case list() | tuple():
            for part in value:
                yield from as_defined(part)


@pytest.mark.parametrize("connector", discover().values(), ids=lambda each: each.name)
def test_everybody_a_record_names_is_found(connector: Connector) -> None:
    found = list(events(connector))
    assert found
    for event in found:
        assert persons_in(event.data, PERSONS) == sorted(set(as_defined(event.data)))


@pytest.mark.parametrize("connector", discover().values(), ids=lambda each: each.name)
def test_what_leaves_is_a_part_of_the_event_as_it_was_published(connector: Connector) -> None:
    for event in events(connector):
        whole, fields = json_values(event), frozenset(list(event.data or ())[::2])
        reduced = minimised(event, fields, "a-grant")
        assert reduced.pop("grant") == "a-grant"
        data = reduced.pop("data", None)
        assert data == (event.data and {name: event.data[name] for name in fields})
        assert reduced.items() <= whole.items()
        assert whole.keys() - reduced.keys() <= {
            "messageid", "ordinal", "receivedtime", "channel", "correlationid", "causationid",
            "traceparent", "data",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (None, []),
        ({"holder": {"type": "urn:az:pid:fin", "notation": "TST1"}}, ["urn:az:pid:fin:TST1"]),
        ({"a": [[{"b": {"type": "urn:az:pid:fin", "notation": "TST2"}}]]}, ["urn:az:pid:fin:TST2"]),
        ({"a": {"type": "urn:az:pid:fin", "notation": 7}}, []),
        ({"a": {"type": "urn:az:pid:fin"}}, []),
        ({"a": {"type": ["urn:az:pid:fin"], "notation": "TST3"}}, []),
        ({"a": {"type": "urn:az:org:voen", "notation": "0000000001"}}, []),
        (
            {
                "type": "urn:az:contract",
                "notation": "1",
                "of": {"type": "urn:az:pid:fin", "notation": "TST4"},
            },
            ["urn:az:pid:fin:TST4"],
        ),
    ],
)
def test_only_what_is_a_persons_number_names_a_person(data: object, found: list[str]) -> None:
    assert persons_in(data, PERSONS) == found == sorted(set(as_defined(data)))


def test_the_subject_of_a_record_is_named_even_where_nothing_else_of_it_leaves() -> None:
    reduced: dict[str, Any] = minimised(person(1), frozenset({"sex"}), "a-grant")
    assert persons_named(reduced, PERSONS) == ["urn:az:pid:fin:TST0001"]
    assert persons_named(reduced, frozenset({"urn:az:pid:ssn"})) == []
