"""Ordinary traffic by index: every message is a function of its index, so nothing is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

from hub.simulator.form import Document, Occasion
from hub.simulator.markup import as_utf16
from hub.simulator.ministries import MINISTRIES
from hub.simulator.population import World
from hub.simulator.sent import Expected, Sent, accepted
from routing.message import Message

BAKU = timezone(timedelta(hours=4))
TICKS = 8  # per message: room for what is told of it before it is told itself

_EARLIEST_YEAR = 2024  # everybody is born and registered by then
_BEFORE_START = timedelta(days=30)
_TICK = timedelta(milliseconds=10)
_CHANGE_SHARE = 0.12  # of ordinary traffic: changes to what was told before
_BULK_SHARE = 0.2
_UTF16_SHARE = 0.02  # of XML: a system that never heard of UTF-8
_TRIES = 30


@dataclass(frozen=True, slots=True)
class Told:
    """A document told on an occasion."""

    occasion: Occasion
    document: Document


@dataclass(frozen=True, slots=True)
class Settings:
    """What a stream depends on; equal settings give equal streams.

    ``faults`` (0 to 1) is the share of irregular messages, ``weights`` how often each kind of
    fault is chosen. ``start`` is aware, 2024 or later. Raises ``ValueError``.
    """

    records: int
    seed: int
    faults: float
    ministries: Sequence[str]
    start: datetime
    weights: Mapping[str, float]
    polled: bool = False

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.start.year < _EARLIEST_YEAR:
            raise ValueError(f"start must be aware and not before {_EARLIEST_YEAR}")
        if not 0 <= self.faults <= 1:
            raise ValueError("faults must be a share from 0 to 1")
        if not self.ministries or not set(self.ministries) <= set(MINISTRIES):
            raise ValueError(f"ministries must be some of {', '.join(MINISTRIES)}")

    @property
    def fingerprint(self) -> str:
        """Eight hex digits: streams that differ must not share message ids."""
        start = self.start.astimezone(BAKU).isoformat()
        parts = (self.records, self.seed, self.faults, sorted(self.ministries), start, self.polled)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


class Source:
    """Random access to what the ministries tell."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._run = settings.fingerprint
        self._world = World(settings.seed)
        span = max(_BEFORE_START, settings.records * TICKS * _TICK)
        self._begin = settings.start.astimezone(BAKU) - span
        self._ministries = [name for name in MINISTRIES if name in settings.ministries]
        self._shares = [MINISTRIES[name].share for name in self._ministries]
        self._kinds = tuple(settings.weights)
        self._weights = tuple(settings.weights.values())

    def fault(self, index: int) -> str | None:
        """Tell which kind of fault message ``index`` is to have, if any."""
        draw = self.draw("fault", index)
        if draw.random() >= self.settings.faults:
            return None
        return draw.choices(self._kinds, self._weights)[0]

    def ordinary(self, index: int) -> Sent:
        """Make message ``index`` as if it had no fault: mostly news, sometimes a change."""
        target = self._changed(index)
        if target is not None:
            return self.follow(index, target, index * TICKS, "change")
        told = self.tell(index)
        form = told.document.form
        sent = self.send(told, accepted(form.records(told.document.content)))
        if form.syntax == "xml" and told.occasion.chance(_UTF16_SHARE):
            return sent.altered(body=as_utf16(sent.message.body))
        return sent

    def tell(self, index: int) -> Told:
        """Make the news of ``index``: its ministry and document."""
        name = self.draw("ministry", index).choices(self._ministries, self._shares)[0]
        occasion = self._occasion(index, name, index * TICKS)
        return Told(occasion, MINISTRIES[name].tell(occasion))

    def follow(
        self, index: int, target: int, tick: int, operation: str, fault: str | None = None
    ) -> Sent:
        """Make message ``index`` one that does ``operation`` on what ``target`` told first."""
        document = self.tell(target).document
        occasion = self._occasion(index, document.form.ministry, tick)
        content = document.form.follow(document.content, operation, occasion)
        told = Told(occasion, Document(document.form, content))
        return self.send(told, accepted(document.form.records(content)), fault)

    def news_before(self, index: int, *, alone: bool = False) -> int | None:
        """Choose a message ahead of ``index`` that is news; ``alone``: with a single record."""
        draw = self.draw("target", index)
        tries = (draw.randrange(index) for _ in range(_TRIES if index else 0))
        return next((other for other in tries if self._suits(other, alone=alone)), None)

    def news_after(self, index: int) -> int | None:
        """Choose a message soon after ``index`` that is news."""
        nearby = range(index + 1, min(index + _TRIES, self.settings.records))
        return next((other for other in nearby if self._suits(other, alone=False)), None)

    def send(self, told: Told, expected: Sequence[Expected], fault: str | None = None) -> Sent:
        """Render a document as the message its ministry publishes."""
        form = told.document.form
        bulk = self.draw("lane", told.occasion.index).random() < _BULK_SHARE
        message = Message(
            exchange=f"intake.{form.ministry}",
            routing_key="bulk" if bulk else "live",
            body=form.render(told.document.content),
            message_id=told.occasion.message_id,
            content_type=form.content_type,
        )
        return Sent(message, form.ministry, expected, fault)

    def draw(self, purpose: str, index: int) -> Random:
        """Give the numbers that decide one matter about one message."""
        return Random(f"{self._run}/{purpose}/{index}")  # noqa: S311 - reproducible, not secret

    def _suits(self, index: int, *, alone: bool) -> bool:
        if self.fault(index) is not None or self._wants_change(index):
            return False
        return not alone or len(self.ordinary(index).expected) == 1

    def _wants_change(self, index: int) -> bool:
        return self.draw("change", index).random() < _CHANGE_SHARE

    def _changed(self, index: int) -> int | None:
        return self.news_before(index) if self._wants_change(index) else None

    def _occasion(self, index: int, ministry: str, tick: int) -> Occasion:
        return Occasion(
            world=self._world,
            index=index,
            at=self._begin + tick * _TICK,
            sequence=tick + 1,
            message_id=f"{ministry}-{self._run}-{index:08d}",
            draw=self.draw("content", index),
        )
