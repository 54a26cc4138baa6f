"""Sets of contracts compared: real files with one thing changed in each."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from connectors._kit.discover import discover
from hub.contracts.changes import Side
from hub.contracts.collection import collect
from hub.contracts.compatibility import Difference, compare

CONTRACTS = collect(discover())
PERSON = "schemas/json/person.v1.json"
JUSTICE = "connectors/justice/contract/civil-status.xsd"
POLL = "connectors/justice/contract/poll.wsdl"
ASYNCAPI = "schemas/asyncapi.json"
BOTH = (Side.READERS, Side.SENDERS)
SENDERS, READERS = (Side.SENDERS,), (Side.READERS,)


def after(path: str, change: Callable[[bytes], bytes]) -> list[Difference]:
    changed = change(CONTRACTS[path])
    assert changed != CONTRACTS[path], "the change changed nothing"
    return compare(CONTRACTS, {**CONTRACTS, path: changed})


def text(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old, new, 1)


def without(*keys: str) -> Callable[[bytes], bytes]:
    def remove(body: bytes) -> bytes:
        document = orjson.loads(body)
        part = document
        for key in keys[:-1]:
            part = part[key]
        del part[keys[-1]]
        return orjson.dumps(document)

    return remove


def unlisted(message: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        document = orjson.loads(body)
        payload = document["components"]["messages"][message]["payload"]
        payload["schema"] = {"type": "object"}
        return orjson.dumps(document)

    return change


CASES = {
    "a record's field": (
        PERSON, without("properties", "placeOfBirth"), "field-removed", "placeOfBirth", BOTH,
    ),
    "a channel more for subscribers, whose documents the hub alone reads": (
        "schemas/json/subscriber.v1.json", text(b'"ehis",', b'"ehis", "pigeon",'),
        "enum-widened", "channel", (),
    ),
    "a code more in the envelope that goes both ways": (
        "connectors/_ehis/contract/exchange.v1.xsd",
        text(b'value="Later"/>', b'value="Later"/><xs:enumeration value="Soon"/>'),
        "enum-widened", "Fault/Code", READERS,
    ),
    "a record's clause": (
        PERSON, text(b'"c412"', b'"c411"'), "label-changed", "", BOTH,
    ),
    "the name of a schema": (
        PERSON, text(b"schema:person.v1", b"schema:human.v1"), "identity-changed", "", BOTH,
    ),
    "an element": (
        JUSTICE, text(b'<xs:element name="EventPlace" type="Text" minOccurs="0"/>', b""),
        "field-removed", "CivilStatusNotification/Act/EventPlace", SENDERS,
    ),
    "a value": (
        JUSTICE, text(b'<xs:enumeration value="AMEND"/>', b""),
        "enum-narrowed", "CivilStatusNotification/Operation", SENDERS,
    ),
    "a value more": (
        JUSTICE, text(b'<xs:enumeration value="AMEND"/>', b'<xs:enumeration value="AMEND"/>'
                      b'<xs:enumeration value="MEND"/>'),
        "enum-widened", "CivilStatusNotification/Operation", (),
    ),
    "an element that is now required": (
        JUSTICE, text(b'"EventPlace" type="Text" minOccurs="0"', b'"EventPlace" type="Text"'),
        "field-now-required", "CivilStatusNotification/Act/EventPlace", SENDERS,
    ),
    "a whole document": (
        JUSTICE, text(b'"CivilStatusNotification"', b'"CivilStatusMessage"'),
        "element-removed", "CivilStatusNotification", SENDERS,
    ),
    "a namespace": (
        JUSTICE, lambda body: body.replace(b"civil-status:v1", b"civil-status:v2"),
        "identity-changed", "", SENDERS,
    ),
    "an operation of a service": (
        POLL, lambda body: body.replace(b'"FetchNotifications"', b'"Fetch"'),
        "operation-removed", "FetchNotifications", BOTH,
    ),
    "a type in an answer": (
        POLL, text(b'name="more" type="xs:boolean"', b'name="more" type="xs:string"'),
        "type-changed", "FetchNotifications/output/more", BOTH,
    ),
    "a channel": (
        ASYNCAPI, without("channels", "notice.justice"),
        "channel-removed", "channels/notice.justice", BOTH,
    ),
    "a message": (
        ASYNCAPI, without("channels", "canonical", "messages", "person.v1"),
        "message-removed", "channels/canonical/messages/person.v1", BOTH,
    ),
    "an operation": (
        ASYNCAPI, without("operations", "send.canonical"),
        "operation-removed", "operations/send.canonical", BOTH,
    ),
    "an address": (
        ASYNCAPI, text(b'"{lane}.{clause}.', b'"{clause}.{lane}.'),
        "enum-narrowed", "channels/canonical/address", SENDERS,
    ),
    "one document where there were several in a message": (
        ASYNCAPI, unlisted("receipt"),
        "type-changed", "channels/receipt.economy/messages/receipt/payload", BOTH,
    ),
    "how a message is written": (
        ASYNCAPI, text(b'"contentType": "application/cloudevents-batch+json"',
                       b'"contentType": "application/json"'),
        "enum-narrowed", "channels/canonical/messages/activity_classification.v1/contentType",
        SENDERS,
    ),
    "what is sent to ministries": (
        "schemas/json/notice.v1.json", without("properties", "rule"),
        "field-removed", "rule", READERS,
    ),
    "a file that is no longer a contract": (
        JUSTICE, lambda _: b"<html/>", "contract-unreadable", "", SENDERS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_is_named_with_file_place_and_whom_it_breaks(case: str) -> None:
    path, change, rule, place, breaks = CASES[case]
    found = {(each.path, each.rule, each.place, each.breaks) for each in after(path, change)}
    assert (path, rule, place, breaks) in found


def test_nothing_differs_between_the_contracts_and_themselves() -> None:
    assert compare(CONTRACTS, CONTRACTS) == []


def test_a_contract_may_be_added_but_not_taken_away() -> None:
    fewer = {path: body for path, body in CONTRACTS.items() if path != PERSON}
    assert compare(fewer, CONTRACTS) == [Difference(PERSON, "contract-added", "", "is new", ())]
    (removed,) = compare(CONTRACTS, fewer)
    assert (removed.rule, removed.breaks) == ("contract-removed", BOTH)


def test_prose_is_told_of_and_left_to_people() -> None:
    path = "connectors/education/contract/enrolments.md"
    (found,) = compare({path: b"old"}, {path: b"new"})
    assert (found.rule, found.breaks) == ("text-changed", ())


def test_what_was_unreadable_before_breaks_nothing() -> None:
    (found,) = compare({JUSTICE: b"<html/>"}, {JUSTICE: CONTRACTS[JUSTICE]})
    assert (found.rule, found.breaks) == ("contract-unreadable", ())
