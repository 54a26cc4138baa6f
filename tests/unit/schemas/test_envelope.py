from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import records
from schemas.dates import BAKU
from schemas.envelope import (
    CONTENT_TYPE,
    Channel,
    Event,
    Operation,
    decode_batch,
    derive_record_id,
    encode_batch,
    json_values,
    make_event,
)
from schemas.errors import Refused
from schemas.person import Person
from tests.unit.schemas.samples import EXAMPLES, PERSON_URN

NOW = datetime(2026, 3, 2, 9, tzinfo=BAKU)
CLOUDEVENTS_INTEGER = range(-(2**31), 2**31)


def event_of(record_type: str = "person", **changes: Any) -> Event:
    record_class = records()[record_type]
    record = record_class.model_validate(EXAMPLES[record_type])
    given: dict[str, Any] = {
        "subject": record.subject,
        "fact_key": record.fact_key,
        "ministry": "interior",
        "message_id": "m-1",
        "ordinal": 0,
        "operation": Operation.CREATE,
        "occurred_at": NOW,
        "sequence": None,
        "received_at": NOW,
    }
    return make_event(record_class, changes.pop("record", record), **{**given, **changes})


def refusal_of(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        decode_batch(body)
    assert caught.value.rule == "canonical-batch"
    return caught.value


def test_an_event_says_what_it_carries() -> None:
    event = event_of()
    assert event.type == "az.itsda.qovsaq.person.v1"
    assert event.record_type == "person"
    assert event.source == "urn:az:gov:interior"
    assert event.ministry == "interior"
    assert event.subject == PERSON_URN
    assert event.dataschema == "urn:az:itsda:schema:person.v1"
    assert event.classification == "official-use"
    assert event.data == EXAMPLES["person"]


@pytest.mark.parametrize("record_type", sorted(EXAMPLES))
def test_an_event_comes_back_from_a_batch_unchanged(record_type: str) -> None:
    events = [event_of(record_type), event_of(record_type, ordinal=1, sequence=7)]
    returned = decode_batch(encode_batch(events))
    assert returned == events
    record_class = records()[record_type]
    assert record_class.model_validate(returned[0].data) == record_class.model_validate(
        EXAMPLES[record_type]
    )


@pytest.mark.parametrize("record_type", sorted(EXAMPLES))
def test_the_cloudevents_library_reads_our_events(record_type: str) -> None:
    batch = orjson.loads(encode_batch([event_of(record_type)]))
    parsed = JSONFormat().read(None, orjson.dumps(batch[0]))
    assert parsed.get_specversion() == "1.0"
    assert parsed.get_id() == event_of(record_type).id
    assert parsed.get_time() == NOW
    assert parsed.get_subject() == event_of(record_type).subject
    assert parsed.get_extension("operation") == "create"
    assert parsed.get_data() == EXAMPLES[record_type]


def test_attributes_keep_to_the_cloudevents_types_and_names() -> None:
    (wire,) = orjson.loads(encode_batch([event_of(sequence=2**62)]))
    attributes = {name: value for name, value in wire.items() if name != "data"}
    for name, value in attributes.items():
        assert name.isalnum()
        assert name == name.lower()
        assert len(name) <= 20
        assert isinstance(value, str | bool | int)
        assert not isinstance(value, int) or value in CLOUDEVENTS_INTEGER
    assert wire["version"] == str(2**62)


@given(
    at=st.datetimes(timezones=st.sampled_from([UTC, BAKU])),
    version=st.integers(-(2**63), 2**63 - 1),
    operation=st.sampled_from(Operation),
    correlation=st.none() | st.text(),
)
def test_json_values_are_those_that_pydantic_would_give(
    at: datetime, version: int, operation: Operation, correlation: str | None
) -> None:
    event = event_of().model_copy(
        update={
            "time": at,
            "receivedtime": at,
            "version": version,
            "operation": operation,
            "correlationid": correlation,
        }
    )
    assert json_values(event) == event.model_dump(mode="json", exclude_none=True)


@given(
    record_type=st.sampled_from(sorted(EXAMPLES)),
    operation=st.sampled_from(Operation),
    occurred_at=st.datetimes(timezones=st.sampled_from([UTC, BAKU])),
    sequence=st.none() | st.integers(0, 10**18 - 1),
    channel=st.sampled_from([*Channel, "direct"]),
    texts=st.tuples(st.text(), st.text(), st.none() | st.text(), st.none() | st.text()),
    bare=st.booleans(),
)
def test_an_envelope_is_what_validation_would_have_made_of_its_parts(
    record_type: str,
    operation: Operation,
    occurred_at: datetime,
    sequence: int | None,
    channel: str,
    texts: tuple[str, str, str | None, str | None],
    bare: bool,
) -> None:
    message_id, fact_key, correlation, traceparent = texts
    event = event_of(
        record_type,
        operation=operation,
        occurred_at=occurred_at,
        sequence=sequence,
        channel=channel,
        message_id=message_id,
        fact_key=fact_key,
        correlation_id=correlation,
        traceparent=traceparent,
        **({"record": None} if bare and not operation.carries_content else {}),
    )
    validated = Event.model_validate(event.__dict__)
    assert event == validated
    assert list(event.__dict__) == list(validated.__dict__)
    assert [type(each) for each in event.__dict__.values()] == [
        type(each) for each in validated.__dict__.values()
    ]
    assert encode_batch([event]) == encode_batch([validated])
    assert event.model_copy(update={"ordinal": 1}) == validated.model_copy(update={"ordinal": 1})


@pytest.mark.parametrize("operation", [o for o in Operation if o.carries_content])
def test_an_operation_that_needs_the_record_is_not_put_into_an_envelope_without(
    operation: Operation,
) -> None:
    with pytest.raises(ValueError, match="needs the whole record"):
        event_of(operation=operation, record=None)


def test_a_batch_is_always_an_array() -> None:
    assert orjson.loads(encode_batch([event_of()]))[0]["specversion"] == "1.0"
    assert encode_batch([]) == b"[]"
    assert list(decode_batch(b"[]")) == []
    assert CONTENT_TYPE == "application/cloudevents-batch+json"


def test_what_is_absent_is_left_out_of_the_json() -> None:
    (wire,) = orjson.loads(encode_batch([event_of()]))
    assert None not in wire.values()
    assert "correlationid" not in wire


@pytest.mark.parametrize(
    ("event_type", "version"),
    [("az.itsda.qovsaq.person.v12", 12), ("az.itsda.qovsaq.person", 0), ("person.vx", 0)],
)
def test_the_type_names_the_schema_version(event_type: str, version: int) -> None:
    assert event_of().model_copy(update={"type": event_type}).record_version == version


def test_the_record_id_is_derived_from_message_ordinal_and_type() -> None:
    assert derive_record_id("justice", "m-1", 0, "person") == "01146c2bc64e3cf10c259c7143927b44"
    assert event_of().id == derive_record_id("interior", "m-1", 0, "person")
    assert event_of(occurred_at=NOW - timedelta(days=1), sequence=9).id == event_of().id


@given(st.text(), st.text(), st.integers(0, 10_000))
def test_each_part_of_the_derivation_matters(ministry: str, message: str, ordinal: int) -> None:
    base = derive_record_id(ministry, message, ordinal, "person")
    others = {
        derive_record_id(ministry + "x", message, ordinal, "person"),
        derive_record_id(ministry, message + "x", ordinal, "person"),
        derive_record_id(ministry, message, ordinal + 1, "person"),
        derive_record_id(ministry, message, ordinal, "persons"),
    }
    assert len(others) == 4
    assert base not in others


def test_the_version_is_the_sequence_else_exact_microseconds() -> None:
    instant = datetime(2026, 3, 2, 5, 0, 0, 123_457, tzinfo=UTC)
    assert event_of(sequence=0, occurred_at=instant).version == 0
    assert event_of(occurred_at=instant).version == 1_772_427_600_123_457


@given(
    st.datetimes(max_value=datetime(9998, 1, 1), timezones=st.just(BAKU)),  # noqa: DTZ001
    st.timedeltas(timedelta(microseconds=1), timedelta(days=2)),
)
def test_a_later_instant_is_a_later_version(instant: datetime, gap: timedelta) -> None:
    later = event_of(occurred_at=instant + gap).version
    assert event_of(occurred_at=instant).version < later


def test_an_event_before_1970_has_a_version() -> None:
    old = event_of(occurred_at=datetime(1951, 7, 3, tzinfo=BAKU))
    assert old.version < 0
    assert decode_batch(encode_batch([old])) == [old]


def test_the_rank_orders_operations_of_one_version() -> None:
    names = ["create", "snapshot", "change", "correct", "annul", "restore", "verify"]
    assert sorted(Operation, key=lambda operation: operation.rank) == names


@pytest.mark.parametrize("operation", list(Operation))
def test_only_annul_and_restore_may_come_without_the_record(operation: Operation) -> None:
    if operation in {Operation.ANNUL, Operation.RESTORE}:
        bare = event_of(record=None, operation=operation)
        assert "data" not in orjson.loads(encode_batch([bare]))[0]
        assert decode_batch(encode_batch([bare])) == [bare]
    else:
        with pytest.raises(ValueError, match="whole record"):
            event_of(record=None, operation=operation)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[" * 100_000, b"[NaN]", b'{"specversion":"1.0"}', b'"x"', b"null"],
)
def test_a_body_that_is_no_array_is_refused(body: bytes) -> None:
    assert refusal_of(body).field == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "A" * 32}, "0.id"),
        ({"id": 7}, "0.id"),
        ({"specversion": "0.3"}, "0.specversion"),
        ({"time": "2026-03-02T09:00:00"}, "0.time"),
        ({"operation": "delete"}, "0.operation"),
        ({"version": str(2**63)}, "0.version"),
        ({"ordinal": -1}, "0.ordinal"),
        ({"data": None}, "0"),
        ({"data": []}, "0.data"),
        ({"colour": "red"}, "0.colour"),
        ({"source": None}, "0.source"),
    ],
)
def test_a_faulty_event_is_refused_naming_event_and_attribute(
    changes: dict[str, Any], field: str
) -> None:
    (wire,) = orjson.loads(encode_batch([event_of()]))
    error = refusal_of(orjson.dumps([{**wire, **changes}]))
    assert error.field == field
    assert "Nümunəyev" not in str(error)


def test_a_member_that_is_no_event_is_refused_by_its_place() -> None:
    good = encode_batch([event_of()])
    assert refusal_of(good[:-1] + b",7]").field == "1"


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes) -> None:
    with contextlib.suppress(Refused):
        decode_batch(body)


def test_an_event_is_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        event_of().subject = "other"  # type: ignore[misc]  # the point of the test
    assert isinstance(Person.model_validate(event_of().data), Person)
