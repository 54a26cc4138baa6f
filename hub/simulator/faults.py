"""What can be wrong with a message: every kind of fault, how often, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hub.simulator import hostile
from hub.simulator.form import Breakage
from hub.simulator.ministries import MINISTRIES
from hub.simulator.sent import MESSAGE_ID_REUSED, Expected, Sent, accepted, refused
from hub.simulator.source import TICKS, Source, Told

WRONG_KEY = "lve"

_EARLY_OPERATIONS = ("correct", "annul", "restore")
_STRANGERS = {
    "justice": "interior",
    "interior": "justice",
    "labour": "economy",
    "health": "migration",
    "economy": "health",
    "migration": "health",
}
_NO_XML = ("labour",)


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: its weight among faults, and how to make message ``index`` have it.

    ``make`` gives None where there is nothing to do it to. ``pushed_only`` kinds cannot befall a
    document fetched by poll.
    """

    weight: float
    make: Callable[[Source, int], Sent | None]
    pushed_only: bool = False


def invalid(source: Source, index: int) -> Sent:
    """Break one rule in the first entry; its neighbours stay acceptable."""
    told = source.tell(index)
    form, content = told.document.form, told.document.content
    entries = form.records(content)
    breakage = _choose_breakage(told)
    breakage.apply(content)
    spoilt = range(len(entries[0])) if breakage.spoils is None else (breakage.spoils,)
    expected = _spoil(accepted(entries), spoilt, breakage.rule)
    return source.send(told, expected, f"invalid:{breakage.rule}")


def _duplicate(source: Source, index: int) -> Sent | None:
    target = source.news_before(index)
    if target is None:
        return None
    return replace(source.ordinary(target), fault="duplicate", again=True)


def _later(operation: str, fault: str) -> Callable[[Source, int], Sent | None]:
    def make(source: Source, index: int) -> Sent | None:
        target = source.news_before(index)
        if target is None:
            return None
        return source.follow(index, target, index * TICKS, operation, fault)

    return make


def _early(source: Source, index: int) -> Sent | None:
    target = source.news_after(index)
    if target is None:
        return None
    draw = source.draw("early", index)
    tick = target * TICKS + draw.randrange(1, TICKS)
    return source.follow(index, target, tick, draw.choice(_EARLY_OPERATIONS), "early")


def _hostile(source: Source, index: int) -> Sent:
    told = source.tell(index)
    ways = hostile.suited(told.document, polled=source.settings.polled)
    way = told.occasion.draw.choices(ways, [way.weight for way in ways])[0]
    sent = source.send(told, refused(way.rule), f"hostile:{way.name}")
    content_type = sent.message.content_type
    if way.parameter:
        content_type = content_type.partition(";")[0] + way.parameter
    return sent.altered(body=way.spoil(told.document), content_type=content_type)


def _reused_id(source: Source, index: int) -> Sent | None:
    # Long after the original and on its lane, so that the queue keeps the two in order; both
    # carry one record of one type, so that the counts agree even if two workers swap them.
    target = source.news_before(index * 3 // 4, alone=True)
    if target is None:
        return None
    first = source.ordinary(target).message
    sent = source.follow(index, target, index * TICKS, "correct", "reused-id")
    altered = sent.altered(message_id=first.message_id, routing_key=first.routing_key)
    return replace(altered, expected=refused(MESSAGE_ID_REUSED))


def _wrong_key(source: Source, index: int) -> Sent:
    sent = source.send(source.tell(index), refused("unroutable-key"), "wrong-key")
    return sent.altered(routing_key=WRONG_KEY)


def _no_message_id(source: Source, index: int) -> Sent:
    return replace(source.ordinary(index), fault="no-message-id").altered(message_id="")


def _other_ministry(source: Source, index: int) -> Sent:
    told = source.tell(index)
    name = told.document.form.ministry
    stranger = MINISTRIES[_STRANGERS[name]].tell(told.occasion)
    foreign = name in _NO_XML and stranger.form.syntax != "json"
    rule = "content-type" if foreign else "unknown-document"
    sent = source.send(told, refused(rule), "other-ministry")
    body = stranger.form.render(stranger.content)
    return sent.altered(body=body, content_type=stranger.form.content_type)


def _wrong_content_type(source: Source, index: int) -> Sent:
    sent = source.send(source.tell(index), refused("content-type"), "wrong-content-type")
    return sent.altered(content_type="text/plain")


FAULTS = {
    "duplicate": Fault(20, _duplicate),
    "early": Fault(10, _early),
    "correction": Fault(10, _later("correct", "correction")),
    "annulment": Fault(8, _later("annul", "annulment")),
    "restoration": Fault(6, _later("restore", "restoration")),
    "snapshot": Fault(4, _later("snapshot", "snapshot")),
    "verification": Fault(4, _later("verify", "verification")),
    "invalid": Fault(20, invalid),
    "hostile": Fault(12, _hostile),
    "reused-id": Fault(4, _reused_id),
    "wrong-key": Fault(3, _wrong_key, pushed_only=True),
    "no-message-id": Fault(3, _no_message_id, pushed_only=True),
    "other-ministry": Fault(2, _other_ministry, pushed_only=True),
    "wrong-content-type": Fault(2, _wrong_content_type, pushed_only=True),
}


def _choose_breakage(told: Told) -> Breakage:
    # The rule first and then a way to break it, so that rules with few ways are met as often.
    content, draw = told.document.content, told.occasion.draw
    fitting = [way for way in told.document.form.breakages if way.fits(content)]
    rule = draw.choice(sorted({way.rule for way in fitting}))
    return draw.choice([way for way in fitting if way.rule == rule])


def _spoil(expected: Sequence[Expected], spoilt: Sequence[int], rule: str) -> list[Expected]:
    return [replace(item, rule=rule) if item.ordinal in spoilt else item for item in expected]
