"""Every rule of the comparison, as a table of small schemas before and after."""

from __future__ import annotations

from typing import Any

import pytest

from hub.contracts.changes import BOTH, READERS, SENDERS, STRICT
from hub.contracts.comparison import differences

TEXT = {"type": "string"}
OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {"name": TEXT, "note": TEXT},
    "required": ["name"],
    "additionalProperties": False,
}
NAME: dict[str, Any] = {"properties": {"name": TEXT}}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def defined(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/A"}},
        "$defs": {"A": rule},
    }


CASES = {
    "a removed field": (
        OBJECT, {**OBJECT, **NAME}, [("field-removed", "note", BOTH)],
    ),
    "a removed field where unknown ones are let pass": (
        {"properties": {"a": TEXT}}, {"properties": {}}, [("field-removed", "a", READERS)],
    ),
    "a new optional field": (
        {**OBJECT, **NAME}, OBJECT, [("field-added", "note", STRICT)],
    ),
    "a new required field": (
        {**OBJECT, **NAME}, {**OBJECT, "required": ["name", "note"]},
        [("field-now-required", "note", SENDERS | STRICT)],
    ),
    "a field that becomes required": (
        OBJECT, {**OBJECT, "required": ["name", "note"]},
        [("field-now-required", "note", SENDERS)],
    ),
    "a field that becomes optional": (
        OBJECT, {**OBJECT, "required": []}, [("field-no-longer-required", "name", READERS)],
    ),
    "another type": (
        {"type": "string"}, {"type": "boolean"}, [("type-changed", "", BOTH)],
    ),
    "a type more": (
        {"type": "string"}, {"type": ["string", "null"]}, [("type-changed", "", READERS)],
    ),
    "a type less": (
        {"type": "number"}, {"type": "integer"}, [("type-changed", "", SENDERS)],
    ),
    "a value less": (
        {"enum": ["a", "b"]}, {"enum": ["a"]}, [("enum-narrowed", "", SENDERS)],
    ),
    "a value more": (
        {"enum": ["a"]}, {"enum": ["a", "b"]}, [("enum-widened", "", READERS)],
    ),
    "another constant": (
        {"const": "a"}, {"const": "b"},
        [("enum-narrowed", "", SENDERS), ("enum-widened", "", READERS)],
    ),
    "a list of values where there was none": (
        TEXT, {"type": "string", "enum": ["a"]}, [("enum-narrowed", "", SENDERS)],
    ),
    "a shorter text": (
        {"maxLength": 20}, {"maxLength": 10}, [("bound-tightened", "", SENDERS)],
    ),
    "a longer text": (
        {"maxLength": 10}, {"maxLength": 20}, [("bound-loosened", "", READERS)],
    ),
    "a first bound": (
        {}, {"maximum": 10}, [("bound-tightened", "", SENDERS)],
    ),
    "a bound dropped": (
        {"minItems": 1}, {}, [("bound-loosened", "", READERS)],
    ),
    "a higher least": (
        {"minimum": 1}, {"minimum": 2}, [("bound-tightened", "", SENDERS)],
    ),
    "another pattern": (
        {"pattern": "^a"}, {"pattern": "^b"}, [("form-changed", "", BOTH)],
    ),
    "a first pattern": (
        {}, {"pattern": "^b"}, [("form-changed", "", SENDERS)],
    ),
    "a format dropped": (
        {"format": "date"}, {}, [("form-changed", "", READERS)],
    ),
    "unknown fields refused": (
        {"type": "object"}, {"type": "object", "additionalProperties": False},
        [("unknown-fields-refused", "", SENDERS)],
    ),
    "unknown fields let pass": (
        closed(), {"type": "object", "properties": {}}, [("unknown-fields-allowed", "", STRICT)],
    ),
    "other values of unnamed fields": (
        {"additionalProperties": TEXT}, {"additionalProperties": {"type": "integer"}},
        [("type-changed", "*", BOTH)],
    ),
    "an item of a list": (
        {"items": {"maxLength": 2}}, {"items": {"maxLength": 1}},
        [("bound-tightened", "[]", SENDERS)],
    ),
    "a form less": (
        {"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT]},
        [("alternative-removed", "", SENDERS)],
    ),
    "a form more where there was one": (
        {"title": "T", **TEXT}, {"anyOf": [TEXT, {"type": "null"}]},
        [("alternative-added", "", READERS)],
    ),
    "a change inside a form": (
        {"oneOf": [closed(a=TEXT), {"type": "null"}]},
        {"oneOf": [closed(a={"type": "integer"}), {"type": "null"}]},
        [("type-changed", "a", BOTH)],
    ),
    "a condition more beside other rules": (
        OBJECT, {**OBJECT, "anyOf": [{"required": ["note"]}]}, [("rule-changed", "", SENDERS)],
    ),
    "a condition added": (
        {"allOf": []}, {"allOf": [{"required": ["a"]}]}, [("rule-changed", "", SENDERS)],
    ),
    "a condition that asks for another field": (
        {"allOf": [{"required": ["a"]}]}, {"allOf": [{"required": ["b"]}]},
        [("rule-changed", "b", SENDERS), ("rule-changed", "a", READERS)],
    ),
    "a rule this comparison does not weigh": (
        {"not": TEXT}, {"not": {}}, [("rule-changed", "", BOTH)],
    ),
    "values without a type have that of the values": (
        {"enum": ["a", "b"]}, {"type": "string"}, [("enum-widened", "", READERS)],
    ),
    "a type of which listed values are not": (
        {"enum": ["a", 1, None, True]}, {"type": ["string", "integer", "null"]},
        [("type-changed", "", SENDERS), ("enum-widened", "", READERS)],
    ),
    "another condition, whose branches then say nothing of each other": (
        {"if": {"required": ["a"]}, "then": OBJECT, "else": closed(b=TEXT)},
        {"if": {"required": ["b"]}, "then": closed(b=TEXT), "else": OBJECT},
        [("rule-changed", "", BOTH)],
    ),
    "a condition where there was none": (
        OBJECT, {**OBJECT, "if": {"required": ["a"]}, "then": {"required": ["note"]}},
        [("rule-changed", "", SENDERS)],
    ),
    "a condition dropped": (
        {"if": {"required": ["a"]}, "else": OBJECT}, {}, [("rule-changed", "", READERS)],
    ),
    "a branch that allows more under the same condition": (
        {"if": {"required": ["a"]}, "then": {"properties": {"a": {"enum": ["x"]}}}},
        {"if": {"required": ["a"]}, "then": {"properties": {"a": {"enum": ["x", "y"]}}}},
        [("enum-widened", "a", READERS)],
    ),
    "a branch more under the same condition": (
        {"if": {"required": ["a"]}, "then": {}},
        {"if": {"required": ["a"], "title": "A"}, "then": {}, "else": {"maxProperties": 1}},
        [("bound-tightened", "", SENDERS)],
    ),
    "what a branch refers to": (
        {"then": {"$ref": "#/$defs/A"}, "$defs": {"A": {"maxLength": 2}}},
        {"then": {"$ref": "#/$defs/A"}, "$defs": {"A": {"maxLength": 1}}},
        [("bound-tightened", "", SENDERS)],
    ),
    "a definition used twice is told of once": (
        defined({"maxLength": 2}), defined({"maxLength": 1}), [("bound-tightened", "a", SENDERS)],
    ),
    "the clause under which a record travels": (
        {"x-category": "c31"}, {"x-category": "c412"}, [("label-changed", "", BOTH)],
    ),
    "the order of parts": (
        {"x-order": ["a", "b", "c"]}, {"x-order": ["b", "a", "d"]}, [("order-changed", "", BOTH)],
    ),
    "a part between others": (
        {"x-order": ["a", "b"]}, {"x-order": ["a", "c", "b"]}, [],
    ),
    "a message removed": (
        {"x-members": "message", "properties": {"a": True}},
        {"x-members": "message", "properties": {}},
        [("message-removed", "a", BOTH)],
    ),
    "nothing but words": (
        {"title": "A", "description": "b", "examples": [1]}, {"description": "c"}, [],
    ),
    "nothing allowed any more": (
        {"properties": {"a": True}}, {"properties": {"a": False}}, [("rule-changed", "a", SENDERS)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_changed_is_named_with_the_sides_it_breaks(case: str) -> None:
    old, new, expected = CASES[case]
    assert [(each.rule, each.place, each.breaks) for each in differences(old, new)] == expected


@pytest.mark.parametrize("case", CASES)
def test_nothing_changes_between_a_schema_and_itself(case: str) -> None:
    old, new, _ = CASES[case]
    assert differences(old, old) == differences(new, new) == []


def test_schemas_that_refer_to_themselves_come_to_an_end() -> None:
    def tree(most: int) -> dict[str, Any]:
        leaf = {"type": "string", "maxLength": most}
        node = {"properties": {"leaf": leaf, "more": {"$ref": "#"}, "loop": {"$ref": "#/$defs/L"}}}
        return {**node, "$defs": {"L": {"$ref": "#/$defs/L"}}}

    assert [each.place for each in differences(tree(2), tree(1))] == ["leaf"]


def test_a_change_says_in_words_what_was_and_what_is() -> None:
    (change,) = differences({"maxLength": 20}, {"maxLength": 10})
    assert change.text == "maxLength 20 → 10"
    (change,) = differences({"enum": ["a", "b", "c"]}, {"enum": ["a"]})
    assert change.text == "no longer b, c"
