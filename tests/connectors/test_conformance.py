"""What every connector must do, run over whatever is discovered: a new one passes by existing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import schemas
from connectors._kit.contract import Connector, Normalized, Rejected, Rules
from connectors._kit.discover import discover, fingerprint
from schemas.catalogue import records
from schemas.envelope import make_event
from schemas.errors import Refused
from schemas.staff_fact import StaffFact
from tests.connectors.contracts import contract_faults
from tests.connectors.golden import Sample, golden, hostile, normalized, written

CONNECTORS = discover()
GOLDEN = [sample for connector in CONNECTORS.values() for sample in golden(connector)]
HOSTILE = [sample for connector in CONNECTORS.values() for sample in hostile(connector)]
MUST_REFUSE = {
    "xml": {"xml-syntax", "xml-doctype", "encoding", "too-deep", "unknown-document"},
    "json": {"json-syntax", "json-duplicate-key", "json-number", "encoding", "too-deep"},
}

every_connector = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS)
every_golden = pytest.mark.parametrize("sample", GOLDEN, ids=str)
every_hostile = pytest.mark.parametrize("sample", HOSTILE, ids=str)


def accepted(sample: Sample) -> list[Normalized]:
    items = normalized(sample.connector, sample.raw)
    return [item for item in items if isinstance(item, Normalized)]


def dialects(connector: Connector) -> set[str]:
    """The dialects spoken here that the kit reads; a connector may bring one of its own."""
    return {name for name in MUST_REFUSE for kind in connector.content_types if kind.endswith(name)}


@every_golden
def test_a_golden_document_becomes_exactly_what_is_written_beside_it(sample: Sample) -> None:
    expected = json.loads(sample.expected.read_bytes())
    assert [written(item) for item in normalized(sample.connector, sample.raw)] == expected


@every_golden
def test_the_same_bytes_give_the_same_items_twice(sample: Sample) -> None:
    def once() -> list[object]:
        return [written(item) for item in normalized(sample.connector, sample.raw)]

    assert once() == once()


@every_golden
def test_ordinals_count_the_records_of_a_document_from_zero(sample: Sample) -> None:
    ordinals = [item.ordinal for item in normalized(sample.connector, sample.raw)]
    assert ordinals == list(range(len(ordinals)))


@every_golden
def test_a_wholly_accepted_document_conforms_to_the_contract(sample: Sample) -> None:
    items = normalized(sample.connector, sample.raw)
    if any(isinstance(item, Rejected) for item in items):
        return
    assert contract_faults(sample.connector, sample.raw, sample.document.suffix) == []


@every_golden
def test_records_are_what_their_published_schema_says(sample: Sample) -> None:
    folder = Path(schemas.__file__).parent / "json"
    for item in accepted(sample):
        if item.record is None:
            continue
        kind = f"{item.record_class.record_type}.v{item.record_class.record_version}"
        schema = json.loads((folder / f"{kind}.json").read_bytes())
        data = item.record.model_dump(mode="json", exclude_none=True)
        jsonschema.Draft202012Validator(schema).validate(data)
        assert item.record_class.model_validate(data) == item.record


@every_golden
def test_items_fit_the_envelope_and_name_the_fact_of_their_record(sample: Sample) -> None:
    for item in accepted(sample):
        event = make_event(
            item.record_class,
            item.record,
            subject=item.subject,
            fact_key=item.fact_key,
            ministry=sample.connector.name,
            message_id="sample",
            ordinal=item.ordinal,
            operation=item.operation,
            occurred_at=item.occurred_at,
            sequence=item.sequence,
            received_at=sample.raw.received_at,
        )
        assert event.ministry == sample.connector.name
        if item.record is not None:
            assert (item.subject, item.fact_key) == (item.record.subject, item.record.fact_key)


@every_golden
def test_no_refusal_or_finding_quotes_an_identifier(sample: Sample) -> None:
    for item in normalized(sample.connector, sample.raw):
        told: Iterable[str] = (
            [item.error.explanation]
            if isinstance(item, Rejected)
            else [finding.explanation for finding in item.findings]
        )
        assert not any("TST" in text.upper() for text in told)


@every_golden
def test_a_document_of_another_content_type_is_refused(sample: Sample) -> None:
    with pytest.raises(Refused) as refusal:
        normalized(sample.connector, replace(sample.raw, content_type="text/plain"))
    assert refusal.value.rule == "content-type"


@every_golden
def test_a_document_over_the_size_limit_is_refused(sample: Sample) -> None:
    rules = Rules(limits=replace(Rules().limits, max_bytes=len(sample.raw.body) - 1))
    with pytest.raises(Refused) as refusal:
        list(sample.connector.normalize(sample.raw, rules))
    assert refusal.value.rule == "too-large"


@every_golden
def test_a_document_cut_short_is_refused_as_a_whole(sample: Sample) -> None:
    body = sample.raw.body.rstrip()
    with pytest.raises(Refused):
        normalized(sample.connector, replace(sample.raw, body=body[: len(body) * 2 // 3]))


@every_hostile
def test_a_hostile_document_is_refused_with_its_rule_and_path(sample: Sample) -> None:
    expected = json.loads(sample.expected.read_bytes())
    with pytest.raises(Refused) as refusal:
        normalized(sample.connector, sample.raw)
    assert {"refused": refusal.value.rule, "field": refusal.value.field} == expected


@every_connector
def test_every_declared_record_type_is_known_and_has_a_golden_sample(connector: Connector) -> None:
    declared = {record.record_type for record in connector.records}
    shown = {
        item.record_class.record_type
        for sample in golden(connector)
        for item in accepted(sample)
        if item.record is not None
    }
    assert shown == declared
    assert declared <= records().keys()


@every_connector
def test_every_operation_of_every_record_has_a_golden_sample(connector: Connector) -> None:
    wanted = {
        (record.record_type, operation)
        for record in connector.records
        for operation in connector.operations
    }
    shown = {
        (item.record_class.record_type, item.operation)
        for sample in golden(connector)
        for item in accepted(sample)
    }
    assert wanted - shown == set()


def test_every_record_of_the_catalogue_comes_from_some_ministry() -> None:
    told = {record for connector in CONNECTORS.values() for record in connector.records}
    assert told | {StaffFact} == set(records().values())


@every_connector
def test_hostile_samples_cover_what_its_dialects_must_refuse(connector: Connector) -> None:
    refused = {json.loads(sample.expected.read_bytes())["refused"] for sample in hostile(connector)}
    for dialect in dialects(connector):
        assert MUST_REFUSE[dialect] <= refused


@every_connector
def test_a_connector_describes_itself(connector: Connector) -> None:
    assert connector.title
    assert connector.dialect
    assert len(fingerprint(connector)) == 64
    for poll in connector.polls:
        assert (connector.folder / "contract" / poll.wsdl).is_file()
        assert poll.content_type in connector.content_types
