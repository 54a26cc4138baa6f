"""Workers side by side in one process, a thread each; one that fails stops them all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


class Worker(Protocol):
    """Something that works until it is told to stop."""

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then finish or give back what is in hand."""
        ...


@contextmanager
def at_work(workers: Mapping[str, Worker], stop: threading.Event) -> Iterator[None]:
    """Run workers during the block, by thread name, and stop them at its end.

    ``stop`` is set early where a worker fails; its exception is raised at the end of the block.
    """
    failures: list[Exception] = []

    def keep(worker: Worker) -> None:
        try:
            worker.run(stop)
        except Exception as error:  # noqa: BLE001 - carried over to the thread that waits
            failures.append(error)
            stop.set()

    threads = [
        threading.Thread(target=keep, args=[worker], name=name) for name, worker in workers.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers that make up one process."""

    workers: Mapping[str, Worker]

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; raise what made one of them fail, if anything did."""
        with at_work(self.workers, stop):
            stop.wait()
