from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from hub import bootstrap
from hub.bootstrap import Kind
from hub.cli import run
from hub.settings import Settings


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


@pytest.mark.usefixtures("usual_collection")
def test_a_worker_runs_with_what_it_was_built_of_left_out_of_collections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Idle()

    def build(*_: Any, **__: Any) -> Idle:
        return hub

    monkeypatch.setattr(bootstrap, "build", build)
    run._work(hub.settings, Kind.INTAKE, threading.Event())
    assert hub.seen["young"] > 700
    assert hub.seen["left out"] > 10_000


@pytest.mark.usefixtures("usual_collection")
def test_what_was_made_later_is_still_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Idle()
    monkeypatch.setattr(bootstrap, "build", lambda *_, **__: hub)
    run._work(hub.settings, Kind.INTAKE, threading.Event())
    gone = weakref.ref(Circle())
    made: list[list[int]] = []
    while gone() is not None and len(made) < 100_000:
        made.append([0])
    assert gone() is None
