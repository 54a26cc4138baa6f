"""The stream of synthetic messages: lazy, flat in memory, the same for the same arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from hub.simulator.faults import FAULTS, invalid
from hub.simulator.ministries import MINISTRIES
from hub.simulator.sent import Sent
from hub.simulator.source import Settings, Source


class Stream:
    """Random access to a stream's messages, each made when it is asked for."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __len__(self) -> int:
        return self.source.settings.records

    def __getitem__(self, index: int) -> Sent:
        if not 0 <= index < len(self):
            raise IndexError(index)
        kind = self.source.fault(index)
        if kind is None:
            return self.source.ordinary(index)
        # A fault that finds nothing to befall becomes a broken rule: the share is kept.
        return FAULTS[kind].make(self.source, index) or invalid(self.source, index)

    def __iter__(self) -> Iterator[Sent]:
        return (self[index] for index in range(len(self)))


def stream(
    records: int,
    seed: int,
    faults: float,
    ministries: Sequence[str],
    start: datetime,
    *,
    polled: bool = False,
) -> Stream:
    """Describe a stream of ``records`` messages of the ministries (none named: all) together.

    Ministries are mixed by their usual shares; ``faults`` (0 to 1) is the share of irregular
    messages. Everything told happened before ``start`` (aware, 2024 or later; not in the hub's
    future). ``polled`` leaves out what cannot befall a document fetched by poll.
    Raises ``ValueError``.
    """
    weights = {
        kind: fault.weight for kind, fault in FAULTS.items() if not (polled and fault.pushed_only)
    }
    names = tuple(ministries or MINISTRIES)
    return Stream(Source(Settings(records, seed, faults, names, start, weights, polled)))


def messages(
    records: int, seed: int, faults: float, ministries: Sequence[str], start: datetime
) -> Iterator[Sent]:
    """Yield the messages of a pushed stream; see ``stream``."""
    return iter(stream(records, seed, faults, ministries, start))
