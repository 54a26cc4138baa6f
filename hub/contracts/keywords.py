"""The rules for single keywords of a schema; nested schemas are ``comparison``'s affair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from hub.contracts import alternatives
from hub.contracts.changes import BOTH, READERS, SENDERS, Change, Side

Shape = Mapping[str, Any]

_UPPER = (
    "maxLength",
    "maxItems",
    "maxProperties",
    "maximum",
    "exclusiveMaximum",
    "x-digits",
    "x-fraction-digits",
)
_LOWER = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_FORMS = ("pattern", "format", "multipleOf", "contentEncoding", "contentMediaType")
_LABELS = ("x-category", "x-classification")
_WALKED = (
    *("type", "enum", "const", "required", "properties", "additionalProperties", "items"),
    *("if", "then", "else", "allOf", "x-members", "x-order", *_UPPER, *_LOWER, *_FORMS, *_LABELS),
)
_SILENT = (
    *("$schema", "$id", "$defs", "definitions", "$comment", "title", "description", "default"),
    *("examples", "deprecated", "readOnly", "writeOnly", "uniqueItems", "discriminator"),
)


def changed(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    """Name what changed in the keywords of one schema, without its parts."""
    for compare in (_types, _values, _bounds, _forms, _order, _labels, _others):
        yield from compare(old, new, place)


def _types(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    before, after = _type_names(old), _type_names(new)
    breaks = (SENDERS if before - after else frozenset()) | (
        READERS if after - before else frozenset()
    )
    if breaks:
        text = f"was {' or '.join(sorted(before))}, is {' or '.join(sorted(after))}"
        yield Change("type-changed", place, text, breaks)


def _values(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    before, after = _allowed(old), _allowed(new)
    if before == after:
        return
    if before is None or after is None:
        rule = "enum-narrowed" if before is None else "enum-widened"
        text = "takes only listed values now" if before is None else "takes any value now"
        yield Change(rule, place, text, SENDERS if before is None else READERS)
        return
    if gone := sorted(before - after):
        yield Change("enum-narrowed", place, f"no longer {', '.join(gone)}", SENDERS)
    if fresh := sorted(after - before):
        yield Change("enum-widened", place, f"now also {', '.join(fresh)}", READERS)


def _bounds(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    for names, sign in ((_UPPER, 1), (_LOWER, -1)):
        for name in names:
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            tightened = before is None or (after is not None and sign * after < sign * before)
            rule = "bound-tightened" if tightened else "bound-loosened"
            text = f"{name} {_shown(before)} → {_shown(after)}"
            yield Change(rule, place, text, SENDERS if tightened else READERS)


def _forms(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    for name in _FORMS:
        before, after = old.get(name), new.get(name)
        if before != after:
            text = f"{name} {_shown(before)} → {_shown(after)}"
            yield Change("form-changed", place, text, opaque(before, after))


def _order(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    before, after = old.get("x-order", ()), new.get("x-order", ())
    common = set(before) & set(after)
    if [name for name in before if name in common] != [name for name in after if name in common]:
        yield Change("order-changed", place, "the parts come in another order", BOTH)


def _labels(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    for name in _LABELS:
        before, after = old.get(name), new.get(name)
        if before != after:
            text = f"{name.removeprefix('x-')} {_shown(before)} → {_shown(after)}"
            yield Change("label-changed", place, text, BOTH)


def _others(old: Shape, new: Shape, place: str) -> Iterator[Change]:
    """Whatever has no rule of its own counts as breaking both ways when it changes."""
    walked = {"anyOf", "oneOf"} if alternatives.of(old) and alternatives.of(new) else set()
    for name in sorted({*old, *new} - walked - {*_WALKED, *_SILENT}):
        if not name.startswith("x-") and old.get(name) != new.get(name):
            yield Change("rule-changed", place, name, opaque(old.get(name), new.get(name)))


def opaque(before: object, after: object) -> frozenset[Side]:
    """Sides of a change that cannot be weighed: a new rule tightens, a dropped one loosens."""
    if before is None:
        return SENDERS
    return READERS if after is None else BOTH


def _type_names(schema: Shape) -> frozenset[str]:
    """Types by name; where values are listed and no type is, those of the values."""
    named, values = schema.get("type"), _listed(schema)
    if named is None:
        return frozenset({"anything"} if values is None else map(_type_of, values))
    names = frozenset([named] if isinstance(named, str) else named)
    return names | {"integer"} if "number" in names else names


def _allowed(schema: Shape) -> frozenset[str] | None:
    values = _listed(schema)
    return None if values is None else frozenset(map(_shown, values))


def _listed(schema: Shape) -> Sequence[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _type_of(value: object) -> str:
    return next((name for kind, name in _TYPES.items() if isinstance(value, kind)), "null")


# In this order: what is true is also a number to Python.
_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
