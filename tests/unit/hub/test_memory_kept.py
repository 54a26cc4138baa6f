from __future__ import annotations

import gc
import platform
import threading
import weakref
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from hub import bootstrap
from hub.bootstrap import Kind
from hub.cli import run
from hub.memory import share_arenas
from hub.settings import Settings
from routing.message import Delivery
from tests.unit.hub.scripted import ScriptedHandler, delivery, hop


@pytest.fixture
def usual_collection() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Idle:
    """A hub whose one worker looks at the collector and ends."""

    def __init__(self) -> None:
        self.bus, self.settings = self, Settings(metrics_port=0)
        self.seen: dict[str, int] = {}

    def worker(self, _kind: Kind) -> Idle:
        return self

    def run(self, _stop: threading.Event) -> None:
        self.seen = {"young": gc.get_threshold()[0], "left out": gc.get_freeze_count()}

    def close(self) -> None:
        pass


class Circle:
    def __init__(self) -> None:
        self.itself = self


class Wasteful(ScriptedHandler):
    """Leaves behind what only a collection finds; it makes much less than would start one."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.left: weakref.ref[Circle] | None = None
        self.still_there = False
        self._stop = stop

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        self.left = weakref.ref(Circle())
        made = [Circle() for _ in range(30_000)]
        self.still_there = self.left() is not None
        del made
        self._stop.set()


def worked(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> dict[str, int]:
    """Run a worker of a kind, and tell how it found the collector."""
    hub = Idle()

    def build(*_: Any, **__: Any) -> Idle:
        return hub

    monkeypatch.setattr(bootstrap, "build", build)
    run._work(hub.settings, kind, threading.Event())
    return hub.seen


@pytest.mark.usefixtures("usual_collection")
@pytest.mark.parametrize(
    ("kind", "least", "most"), [(Kind.INTAKE, 100_000, 10**9), (Kind.LOOKUP, 700, 100_000)]
)
def test_a_worker_runs_with_what_it_was_built_of_left_out_of_collections(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, least: int, most: int
) -> None:
    seen = worked(monkeypatch, kind)
    assert least < seen["young"] < most
    assert seen["left out"] > 10_000


@pytest.mark.usefixtures("usual_collection")
@pytest.mark.parametrize(("kind", "within"), [(Kind.LOOKUP, 100_000), (Kind.INTAKE, 1_000_000)])
def test_what_was_made_later_is_still_collected(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, within: int
) -> None:
    worked(monkeypatch, kind)
    gone = weakref.ref(Circle())
    made: list[list[int]] = []
    while gone() is not None and len(made) < within:
        made.append([0])
    assert gone() is None


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_the_c_library_takes_the_setting() -> None:
    assert share_arenas()


@pytest.mark.usefixtures("usual_collection")
def test_what_a_batch_leaves_behind_is_collected_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked(monkeypatch, Kind.INTAKE)
    stop = threading.Event()
    handler = Wasteful(stop)
    worker, _ = hop(handler, [delivery(1)])
    worker.run(stop)
    assert handler.still_there
    assert handler.left is not None
    assert handler.left() is None
