"""Lists of alternative schemas: which of the one list answers to which of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

_KEYWORDS = ("anyOf", "oneOf")
_AROUND = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "examples"})


def of(schema: Mapping[str, Any]) -> Sequence[Any] | None:
    """Give the alternatives of a schema; None where it has none."""
    return next((schema[name] for name in _KEYWORDS if name in schema), None)


def one_sided(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether only one of two schemas is a choice, and nothing else: the other is one form of it.

    (``anyOf`` beside other rules is a further condition, not a choice of forms.)
    """
    return (of(old) is None) != (of(new) is None) and any(map(_only_alternatives, (old, new)))


def _only_alternatives(schema: Mapping[str, Any]) -> bool:
    return of(schema) is not None and not schema.keys() - _AROUND - {*_KEYWORDS}


def paired(
    old: Sequence[Any], new: Sequence[Any]
) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """Pair what is the same, or is left over in equal number; the rest went or came."""
    left = {_key(each): each for each in old}
    same, fresh = [], []
    for each in new:
        twin = left.pop(_key(each), None)
        if twin is None:
            fresh.append(each)
        else:
            same.append((twin, each))
    gone = list(left.values())
    if len(gone) == len(fresh):
        return [*same, *zip(gone, fresh, strict=True)], [], []
    return same, gone, fresh


def same(old: Any, new: Any) -> bool:
    """Whether two schemas say the same, words for people left aside."""
    return _key(old) == _key(new)


def _key(schema: Any) -> bytes:
    if isinstance(schema, Mapping):
        schema = {name: rule for name, rule in schema.items() if name not in _AROUND}
    return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)
