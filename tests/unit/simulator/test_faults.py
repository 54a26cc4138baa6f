from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from hub.simulator.faults import FAULTS
from hub.simulator.hostile import HOSTILE, suited
from hub.simulator.identifiers import content_id, reused_id
from hub.simulator.ministries import economy, health, interior, justice, labour, migration
from hub.simulator.sent import Sent
from hub.simulator.stream import stream

START = datetime(2026, 3, 1, tzinfo=UTC)
FORMS = [
    justice.FORM,
    interior.FORM,
    labour.FORM,
    health.FORM,
    economy.JSON_FORM,
    economy.XML_FORM,
    migration.FORM,
]
RECORD_RULES = {
    "required", "fin-format", "voen-format", "document-number-format", "date-format",
    "date-two-digit-year", "date-future", "instant-format", "occurred-in-future", "unknown-code",
    "type", "text-length", "unknown-field", "value",
}  # fmt: skip
RULES_OF_ONE_RECORD = {
    "activity-code-format", "period-format", "period-order", "supplier-not-set",
    "unit-not-convertible",
}  # fmt: skip
DOCUMENT_RULES = {
    "encoding", "xml-syntax", "xml-doctype", "too-large", "too-deep", "too-many-records",
    "soap-envelope", "json-syntax", "json-duplicate-key", "json-number", "json-type",
}  # fmt: skip
WHOLE_RULES = {"content-type", "unknown-document", "unroutable-key", "message-id-reused"}


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    return list(stream(4_000, 1, 0.8, (), START))


@pytest.fixture(scope="module")
def by_kind(sent: list[Sent]) -> dict[str, list[Sent]]:
    kinds = defaultdict(list)
    for item in sent:
        kinds[(item.fault or "ordinary").partition(":")[0]].append(item)
    return dict(kinds)


def test_every_kind_of_fault_occurs(by_kind: dict[str, list[Sent]]) -> None:
    assert set(FAULTS) <= set(by_kind)


def test_every_record_rule_is_broken_by_some_ministry(by_kind: dict[str, list[Sent]]) -> None:
    broken = {str(item.fault).partition(":")[2] for item in by_kind["invalid"]}
    assert RECORD_RULES <= broken <= RECORD_RULES | RULES_OF_ONE_RECORD


def test_every_document_rule_has_a_hostile_document() -> None:
    assert {way.rule for way in HOSTILE} == DOCUMENT_RULES


def test_every_rule_for_whole_messages_is_met(sent: list[Sent]) -> None:
    assert {rule.rule for item in sent for rule in item.expected} >= WHOLE_RULES


def test_every_breakage_fits_a_document_of_its_form() -> None:
    fitted = set()
    for item in range(4_000):
        told = _SOURCE.tell(item)
        ways = told.document.form.breakages
        fitted |= {id(way) for way in ways if way.fits(told.document.content)}
    unfit = [(form.ministry, way) for form in FORMS for way in form.breakages]
    assert [way for way in unfit if id(way[1]) not in fitted] == []


def test_a_duplicate_is_an_earlier_message_again(sent: list[Sent]) -> None:
    seen: dict[str, Sent] = {}
    duplicates = 0
    for item in sent:
        if item.again:
            duplicates += 1
            assert item.message == seen[item.message.message_id].message
        elif item.fault is None:
            seen[item.message.message_id] = item
    assert duplicates


def test_an_early_operation_precedes_what_it_operates_on() -> None:
    acts: dict[str, tuple[int, str]] = {}
    early = []
    for place, item in enumerate(stream(2_000, 1, 0.8, ("justice",), START)):
        if item.fault in (None, "early"):
            root = ElementTree.fromstring(item.message.body)
            number = str(root.findtext(".//{*}ActNumber"))
            if item.fault == "early":
                early.append((place, number, int(str(root.findtext(".//{*}Sequence")))))
            else:
                acts.setdefault(number, (place, str(root.findtext(".//{*}Sequence"))))
    assert early
    for place, number, sequence in early:
        assert place < acts[number][0]
        assert sequence > int(acts[number][1])


def test_a_reused_id_comes_after_its_original_on_the_same_lane(sent: list[Sent]) -> None:
    originals: dict[str, Sent] = {}
    reused = 0
    for item in sent:
        if item.fault == "reused-id":
            reused += 1
            original = originals[item.message.message_id]
            assert item.message.routing_key == original.message.routing_key
            assert item.message.exchange == original.message.exchange
            assert item.message.body != original.message.body
            assert len(original.expected) == len(item.expected) == 1
            assert item.message_key == reused_id(original.message.message_id, item.message.body)
        elif item.fault is None:
            originals[item.message.message_id] = item
    assert reused


def test_a_message_without_id_is_known_by_its_content(by_kind: dict[str, list[Sent]]) -> None:
    for item in by_kind["no-message-id"]:
        assert item.message.message_id == ""
        assert item.message_key == content_id(item.message.body)
        assert all(expected.rule is None for expected in item.expected)


def test_an_invalid_record_leaves_its_neighbours_acceptable(by_kind: dict[str, list[Sent]]) -> None:
    outcomes = [{expected.rule for expected in item.expected} for item in by_kind["invalid"]]
    assert all(rules != {None} for rules in outcomes)
    assert any(None in rules for rules in outcomes)


def test_a_message_with_a_wrong_key_has_no_lane(by_kind: dict[str, list[Sent]]) -> None:
    assert {item.message.routing_key for item in by_kind["wrong-key"]} == {"lve"}


@pytest.mark.parametrize("way", HOSTILE, ids=lambda way: f"{way.name}-{way.syntaxes[0]}")
def test_a_hostile_document_is_what_it_says(way: object) -> None:
    document = next(
        told.document
        for told in map(_SOURCE.tell, range(1_000))
        if way in suited(told.document, polled=False)
    )
    chosen = next(found for found in HOSTILE if found is way)
    body = chosen.spoil(document)
    good = document.form.render(document.content)
    check = _CHECKS[chosen.rule]
    assert check(body, chosen.parameter)
    assert not check(good, "")


@pytest.mark.parametrize("name", ["justice", "interior"])
def test_polled_documents_have_ids_bodies_and_their_ministrys_content_type(name: str) -> None:
    polled = list(stream(2_000, 1, 0.9, (name,), START, polled=True))
    types = {item.message.content_type for item in polled}
    assert len(types) == 1
    assert all(item.message.message_id and item.message.body for item in polled)
    assert max(len(item.message.body) for item in polled) < 2 * 1024 * 1024


def _is_xml(body: bytes) -> bool:
    try:
        ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return False
    return True


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _not_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _repeats_a_key(body: bytes) -> bool:
    pairs: list[list[tuple[str, object]]] = []
    json.loads(body, object_pairs_hook=pairs.append)
    return any(len(dict(found)) < len(found) for found in pairs)


_SOURCE = stream(4_000, 1, 0, (), START).source
_CHECKS: dict[str, Callable[[bytes, str], bool]] = {
    "xml-doctype": lambda body, _: b"<!DOCTYPE" in body,
    "xml-syntax": lambda body, _: not _is_xml(body),
    "json-syntax": lambda body, _: not _is_json(body),
    "encoding": lambda body, parameter: bool(parameter) or _not_utf8(body),
    "too-deep": lambda body, _: max(body.count(b"<a>"), body.count(b"[")) >= 5_000,
    "too-many-records": lambda body, _: max(body.count(b"></"), body.count(b"{}")) > 10_000,
    "too-large": lambda body, _: len(body) > 8 * 1024 * 1024,
    "soap-envelope": lambda body, _: b"Envelope" in body and b"Body" not in body,
    "json-duplicate-key": lambda body, _: _repeats_a_key(body),
    "json-number": lambda body, _: b":NaN" in body or b"-Infinity" in body,
    "json-type": lambda body, _: isinstance(json.loads(body), list),
}
