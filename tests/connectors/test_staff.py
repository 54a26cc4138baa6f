"""What staff enters is read back from the journal as it was written down, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from connectors._kit.contract import Normalized, RawMessage, Rules
from connectors._staff.dialect import CONTENT_TYPE, STAFF, written
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.staff_fact import StaffFact
from tests.unit.schemas.samples import EXAMPLES

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACT = StaffFact.model_validate(EXAMPLES["staff_fact"])


def read(body: bytes, content_type: str = CONTENT_TYPE) -> Normalized:
    raw = RawMessage(STAFF.name, "fact-1-create", content_type, body, AT)
    (item,) = STAFF.normalize(raw, Rules())
    assert isinstance(item, Normalized)
    return item


@pytest.mark.parametrize("operation", sorted(STAFF.operations))
def test_an_operation_comes_back_as_it_was_written(operation: Operation) -> None:
    item = read(written(operation, AT, FACT))
    assert (item.operation, item.occurred_at, item.record) == (operation, AT, FACT)
    assert (item.subject, item.fact_key) == (FACT.subject, "1")


def changed(**values: object) -> bytes:
    body = orjson.loads(written(Operation.CREATE, AT, FACT))
    return orjson.dumps(body | values)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"[]", "json-type"),
        (changed(operation="invent"), "unknown-code"),
        (changed(occurredAt="yesterday"), "value"),
        (changed(fact={}), "required"),
        (changed(fact=EXAMPLES["staff_fact"] | {"person": {}}), "required"),
        (changed(fact=EXAMPLES["staff_fact"] | {"legalEntity": {"legalName": "x"}}), "required"),
        (changed(more=1), "unknown-field"),
    ],
)
def test_whatever_is_not_of_this_form_is_refused(body: bytes, rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(body)
    assert refusal.value.rule == rule


def test_a_ministrys_content_type_is_not_its() -> None:
    with pytest.raises(Refused, match="content-type"):
        read(written(Operation.CREATE, AT, FACT), "application/json")
