"""Compare two shapes of a document and name what changed, for whom, and by which rule.

A shape is a JSON Schema; XSD, WSDL and AsyncAPI are brought into that form first
(``hub.contracts.shapes``), where ``x-members`` says what the properties are called there and
``x-order`` in which order they must come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.contracts import alternatives, keywords
from hub.contracts.changes import BOTH, READERS, SENDERS, STRICT, Change
from hub.contracts.keywords import Shape

_BRANCHES = ("then", "else")


def differences(old: Shape, new: Shape) -> list[Change]:
    """Name every difference between two shapes, each once, in document order."""
    found = _Comparison(old, new).walk(old, new, "")
    return list(dict.fromkeys(found))


class _Comparison:
    """Walks two documents side by side; knows their definitions and where it has been."""

    def __init__(self, old: Shape, new: Shape) -> None:
        self._old, self._new = old, new
        self._seen: dict[tuple[int, int], tuple[Shape, Shape]] = {}

    def walk(self, before: Any, after: Any, place: str) -> Iterator[Change]:
        """Compare two schemas at a place."""
        old, new = _resolved(self._old, before), _resolved(self._new, after)
        if (id(old), id(new)) in self._seen:
            return
        # Kept, so that no later schema is taken for this one under a reused id.
        self._seen[id(old), id(new)] = (old, new)
        if alternatives.one_sided(old, new):
            yield from self._alternatives(old, new, place)
            return
        yield from keywords.changed(old, new, place)
        yield from self._fields(old, new, place)
        yield from self._additional(old, new, place)
        yield from self._items(old, new, place)
        yield from self._branches(old, new, place)
        if alternatives.of(old) and alternatives.of(new):
            yield from self._alternatives(old, new, place)
        yield from self._conditions(old, new, place)

    def _fields(self, old: Shape, new: Shape, place: str) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        member = new.get("x-members", old.get("x-members", "field"))
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        for name in [*before, *(name for name in after if name not in before)]:
            at = _under(place, name)
            if name not in after:
                yield _removed(member, at, closed=new.get("additionalProperties") is False)
            elif name not in before:
                yield _added(member, at, needed=name in needs)
            else:
                yield from self.walk(before[name], after[name], at)
        for name in sorted((needs - needed) & before.keys()):
            yield Change(
                f"{member}-now-required", _under(place, name), "was optional, is required", SENDERS
            )
        for name in sorted((needed - needs) & after.keys()):
            text = "was required, is optional"
            yield Change(f"{member}-no-longer-required", _under(place, name), text, READERS)
        # Conditions such as "one of these" require fields that are defined elsewhere.
        for name in sorted((needs - needed) - before.keys() - after.keys()):
            yield Change("rule-changed", _under(place, name), "is required here", SENDERS)
        for name in sorted((needed - needs) - before.keys() - after.keys()):
            yield Change("rule-changed", _under(place, name), "is not required here", READERS)

    def _additional(self, old: Shape, new: Shape, place: str) -> Iterator[Change]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if before is not False and after is False:
            yield Change("unknown-fields-refused", place, "other fields are now refused", SENDERS)
        elif before is False and after is not False:
            yield Change("unknown-fields-allowed", place, "other fields may now come", STRICT)
        elif isinstance(before, Mapping) or isinstance(after, Mapping):
            yield from self.walk(before, after, _under(place, "*"))

    def _items(self, old: Shape, new: Shape, place: str) -> Iterator[Change]:
        if "items" in old or "items" in new:
            # An XML element may always come in the plural: its place has no brackets.
            at = place if "x-repeats" in new else f"{place}[]"
            yield from self.walk(old.get("items", True), new.get("items", True), at)

    def _alternatives(self, old: Shape, new: Shape, place: str) -> Iterator[Change]:
        before, after = alternatives.of(old) or [old], alternatives.of(new) or [new]
        same, gone, fresh = alternatives.paired(before, after)
        for one, other in same:
            yield from self.walk(one, other, place)
        if gone:
            yield Change("alternative-removed", place, "a form is no longer allowed", SENDERS)
        if fresh:
            yield Change("alternative-added", place, "may now come in another form", READERS)

    def _branches(self, old: Shape, new: Shape, place: str) -> Iterator[Change]:
        """Under the same condition branch answers to branch; under another nothing can be weighed,
        and what one branch says is no change of what the other one said."""
        if alternatives.same(old.get("if"), new.get("if")):
            for branch in _BRANCHES:
                if branch in old or branch in new:
                    yield from self.walk(old.get(branch, True), new.get(branch, True), place)
        else:
            breaks = keywords.opaque(old.get("if"), new.get("if"))
            yield Change("rule-changed", place, "if, then, else", breaks)

    def _conditions(self, old: Shape, new: Shape, place: str) -> Iterator[Change]:
        same, gone, fresh = alternatives.paired(old.get("allOf", ()), new.get("allOf", ()))
        for one, other in same:
            yield from self.walk(one, other, place)
        if gone:
            yield Change("rule-changed", place, "a condition was dropped", READERS)
        if fresh:
            yield Change("rule-changed", place, "a condition was added", SENDERS)


def _removed(member: str, place: str, *, closed: bool) -> Change:
    breaks = BOTH if closed or member != "field" else READERS
    return Change(f"{member}-removed", place, "is no longer there", breaks)


def _added(member: str, place: str, *, needed: bool) -> Change:
    if needed:
        return Change(f"{member}-now-required", place, "is new and required", SENDERS | STRICT)
    return Change(f"{member}-added", place, "is new", STRICT)


def _resolved(document: Shape, schema: Any) -> Shape:
    """Follow references inside the document; ``True`` is anything, ``False`` nothing."""
    visited: list[str] = []
    while isinstance(schema, Mapping) and isinstance(ref := schema.get("$ref"), str):
        if not ref.startswith("#") or ref in visited:
            break
        visited.append(ref)
        schema = _pointed(document, ref)
    if schema is False:
        return _NOTHING
    return schema if isinstance(schema, Mapping) else _ANYTHING


def _pointed(document: Shape, ref: str) -> Any:
    node: Any = document
    for part in ref.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name, True) if isinstance(node, Mapping) else True
    return node


_ANYTHING: Shape = {}
_NOTHING: Shape = {"not": {}}


def _under(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name
