"""What others check with agrees with what the hub does: schemas of theirs, CloudEvents of ours.

``lxml`` validates with libxml2, as ``xmllint`` does; ``jsonschema`` with the published schemas.
"""

from __future__ import annotations

import json
from collections import Counter

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat

from connectors._kit.contract import Normalized
from connectors._kit.discover import discover
from schemas.envelope import Event, encode_batch, make_event
from tests.connectors.contracts import contract_faults
from tests.connectors.golden import Sample, golden, hostile, normalized

GOLDEN = [sample for connector in discover().values() for sample in golden(connector)]
HOSTILE = [sample for connector in discover().values() for sample in hostile(connector)]

# Faults of the document before there is anything a schema could look at, or beyond its powers.
BEFORE_THE_SCHEMA = {
    *("content-type", "encoding", "xml-syntax", "xml-doctype", "soap-envelope"),
    *("json-syntax", "json-duplicate-key", "json-number", "too-large", "too-many-records"),
    "too-deep",
}
# What depends on the day, on other fields, on settings or on the calendar.
BEYOND_THE_SCHEMA = {
    *("date-future", "occurred-in-future", "date-two-digit-year", "value", "voen-format"),
    *("unit-not-convertible", "supplier-not-set", "period-format", "date-format"),
}
# What a schema can be asked about: a contract in prose describes other dialects.
ASKED = (".json", ".xml")

# XSD 1.0 cannot make a part depend on the operation beside it.
CONDITIONAL = {"justice-refused-no-participant.in"}


def refused(sample: Sample) -> set[str]:
    """Rules by which records of a golden sample are refused, as is written beside it."""
    return {
        item["refused"] for item in json.loads(sample.expected.read_bytes()) if "refused" in item
    }


def rule_of(sample: Sample) -> str:
    rule: str = json.loads(sample.expected.read_bytes())["refused"]
    return rule


def events(sample: Sample) -> list[Event]:
    """The events that intake would publish for a sample."""
    return [
        make_event(
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
        for item in normalized(sample.connector, sample.raw)
        if isinstance(item, Normalized)
    ]


@pytest.mark.parametrize("sample", GOLDEN, ids=str)
def test_a_library_that_is_not_ours_reads_every_event_of_a_golden_sample(sample: Sample) -> None:
    ours = events(sample)
    batch = orjson.loads(encode_batch(ours))
    assert len(batch) == len(ours)
    for event, wire in zip(ours, batch, strict=True):
        parsed = JSONFormat().read(None, orjson.dumps(wire))
        assert parsed.get_id() == event.id
        assert parsed.get_type() == event.type
        assert parsed.get_source() == event.source
        assert parsed.get_subject() == event.subject
        assert parsed.get_time() == event.time
        assert parsed.get_dataschema() == event.dataschema
        assert parsed.get_extension("operation") == event.operation
        assert parsed.get_extension("version") == str(event.version)
        assert parsed.get_data() == event.data


def expressible(sample: Sample) -> bool:
    """Whether the schema should refuse a golden sample in which the hub refuses records."""
    rules = refused(sample) - BEYOND_THE_SCHEMA
    return bool(rules) and sample.document.suffix in ASKED and str(sample) not in CONDITIONAL


def parsed(sample: Sample) -> bool:
    """Whether a hostile sample comes as far as the schema."""
    return rule_of(sample) not in BEFORE_THE_SCHEMA and sample.document.suffix in ASKED


@pytest.mark.parametrize("sample", [*filter(expressible, GOLDEN)], ids=str)
def test_a_golden_sample_with_a_refused_record_is_refused_by_the_schema_too(
    sample: Sample,
) -> None:
    assert contract_faults(sample.connector, sample.raw, sample.document.suffix)


@pytest.mark.parametrize("sample", [*filter(parsed, HOSTILE)], ids=str)
def test_a_hostile_sample_that_can_be_parsed_is_refused_by_the_schema_too(sample: Sample) -> None:
    assert contract_faults(sample.connector, sample.raw, sample.document.suffix)


def test_the_schemas_are_asked_about_most_kinds_of_refusal() -> None:
    asked: Counter[str] = Counter()
    for sample in HOSTILE:
        asked.update({rule_of(sample)} - BEFORE_THE_SCHEMA)
    for sample in GOLDEN:
        asked.update(refused(sample) - BEYOND_THE_SCHEMA)
    assert {"unknown-document", "unknown-field", "required", "unknown-code", "fin-format"} <= (
        asked.keys()
    )
