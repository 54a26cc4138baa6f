"""What a manifest says and what is answered: pure, and the same whenever it is asked."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hub.evidence.manifests import Kept
from hub.quality.manifests import Seen, amount, gaps, judge
from schemas.errors import Refused
from schemas.export import FOLDER
from schemas.manifest import ManifestDocument, digest, read

NOW = datetime(2026, 3, 3, tzinfo=UTC)
LATER = datetime(2026, 3, 4, tzinfo=UTC)
RECORD = "0" * 32
IDS = st.lists(st.text("abcXYZ019-_.", min_size=1, max_size=12), max_size=20)


def manifest(ids: list[str], **given: Any) -> dict[str, Any]:
    document = {"ministry": "labour", "day": "2026-03-02", "messages": len(set(ids))}
    return document | {"sha256": digest(ids)} | given


def read_one(document: dict[str, Any]) -> ManifestDocument:
    return read(json.dumps(document).encode(), "labour", 10_000)


@given(IDS)
def test_the_digest_is_of_sorted_ids_a_line_each_and_of_nothing_else(ids: list[str]) -> None:
    text = "".join(f"{each}\n" for each in sorted(set(ids), key=str.encode))
    assert (
        digest(ids) == digest([*reversed(ids), *ids]) == hashlib.sha256(text.encode()).hexdigest()
    )


@given(st.integers(0, 50), st.integers(0, 50), st.sets(st.integers(0, 60)))
def test_gaps_are_exactly_the_numbers_that_never_came(
    first: int, length: int, held: set[int]
) -> None:
    last = first + length
    inside = sorted(number for number in held if first <= number <= last)
    found = list(gaps(first, last, inside))
    missing = [number for low, high in found for number in range(low, high + 1)]
    assert missing == [number for number in range(first, last + 1) if number not in held]
    assert amount(found) == len(missing)
    # Gaps are as long as they can be: none touches the next.
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(found))


@given(st.integers(0, 5), st.integers(0, 5), IDS)
def test_the_same_outcome_has_the_same_id_and_agrees_only_where_nothing_differs(
    missing: int, extra: int, ids: list[str]
) -> None:
    kept = Kept(RECORD, "manifest-1", read_one(manifest(ids)))
    seen = Seen(len(ids), digest(ids), missing, extra)
    answer = judge(kept, seen, NOW)
    assert answer.receipt_id == judge(kept, seen, LATER).receipt_id
    assert answer.agrees is (missing == extra == 0)
    other = Seen(len(ids), digest(ids), missing + 1, extra)
    assert answer.receipt_id != judge(kept, other, NOW).receipt_id
    schema = json.loads((FOLDER / "manifest_answer.v1.json").read_bytes())
    body = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    Draft202012Validator(schema).validate(body)


def test_missing_numbers_are_written_as_ranges_and_the_first_thousand_of_them() -> None:
    kept = Kept(RECORD, "manifest-1", read_one(manifest([])))
    scattered = tuple((number, number) for number in range(0, 4000, 2))
    seen = Seen(0, digest([]), absent={"civil_status_act": ((7, 7), (9, 12)), "person": scattered})
    answer = judge(kept, seen, NOW)
    assert answer.missing_numbers["civil_status_act"] == ["7", "9-12"]
    assert len(answer.missing_numbers["person"]) == 1000
    assert not answer.agrees


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"messages": 3}, ""),
        ({"messageIds": ["a", "c"]}, ""),
        ({"messageIds": ["a", "b c"]}, "messageIds.1"),
        ({"sha256": "xyz"}, "sha256"),
        ({"day": "2026-13-01"}, "day"),
        ({"ministry": "health"}, "ministry"),
        ({"sequences": {"x": {"first": 3, "last": 2}}}, "sequences.x"),
        ({"sequences": {"\x00": {"first": 3, "last": 4}}}, "sequences.\x00.[key]"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_manifest_is_refused_by_the_field(given_: dict[str, Any], field: str) -> None:
    document = manifest(["a", "b"], messageIds=["a", "b"]) | given_
    with pytest.raises(Refused) as refused:
        read_one(document)
    assert (refused.value.rule, refused.value.field) == ("manifest", field)


def test_a_manifest_of_too_many_bytes_is_refused_before_it_is_read() -> None:
    with pytest.raises(Refused, match="too-large"):
        read(b"{" * 11, "labour", 10)


def test_a_good_manifest_fits_its_schema_and_is_read() -> None:
    document = manifest(
        ["b", "a"], messageIds=["b", "a"], sequences={"person": {"first": 1, "last": 2}}
    )
    schema = json.loads((FOLDER / "manifest.v1.json").read_bytes())
    Draft202012Validator(schema).validate(document)
    assert read_one(document).day == date(2026, 3, 2)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes) -> None:
    with pytest.raises(Refused):
        read(body, "labour", 10_000)
