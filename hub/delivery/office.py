"""One worker per subscriber, each in a thread of its own: what ends one leaves the others alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from hub.crew import Worker
from hub.delivery.subscriber import Subscriber
from routing.observer import Observer
from schemas.errors import HubError, RetryLater, Unavailable

_log = structlog.get_logger()


@dataclass
class _Post:
    subscriber: Subscriber
    stop: threading.Event
    thread: threading.Thread


@dataclass
class _Pause:
    """How many looks a worker that ended is left alone: one, two, four …"""

    length: int = 1
    left: int = 1

    def over(self, longest: int) -> bool:
        """Count a look; tell whether it is time for another try."""
        self.left -= 1
        if self.left > 0:
            return False
        self.length = self.left = min(2 * self.length, longest)
        return True


@dataclass
class Office:
    """Keeps a worker at work for every subscriber there is, and starts again what ended.

    ``known`` lists the subscribers, ``hire`` makes the worker of one; both may fail. Subscribers
    that were added, changed or removed are noticed within ``interval`` seconds. One whose worker
    keeps ending is passed over for more and more looks, up to ``longest_pause``.
    """

    known: Callable[[], Iterable[Subscriber]]
    hire: Callable[[Subscriber], Worker]
    observer: Observer
    close: Callable[[], None] = lambda: None
    interval: float = 2.0
    longest_pause: int = 32
    _posts: dict[str, _Post] = field(default_factory=dict)
    _pauses: dict[str, _Pause] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; every worker then finishes what is in hand."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(self.interval)
        finally:
            self._dismiss(list(self._posts))
            self.close()

    def look(self) -> None:
        """Bring the workers in line with the subscribers there are now."""
        try:
            wanted = {each.name: each for each in self.known() if each.pushed and each.since}
        except (Unavailable, RetryLater) as passing:
            _log.warning("subscribers cannot be read", cause=str(passing))
            return
        self._dismiss(self._outdated(wanted))
        for name, subscriber in wanted.items():
            if name not in self._posts:
                self._pauses[name] = _Pause()
                self._posts[name] = self._start(subscriber)
            elif not self._alive(name) and self._pauses[name].over(self.longest_pause):
                self._posts[name] = self._start(subscriber)
            self.observer.gauge("outbound_worker", self._alive(name), subscriber=name)

    @property
    def at_work(self) -> frozenset[str]:
        """Names of the subscribers whose worker lives."""
        return frozenset(name for name in self._posts if self._alive(name))

    def _alive(self, name: str) -> int:
        return int(self._posts[name].thread.is_alive())

    def _outdated(self, wanted: Mapping[str, Subscriber]) -> list[str]:
        return [name for name, post in self._posts.items() if wanted.get(name) != post.subscriber]

    def _start(self, subscriber: Subscriber) -> _Post:
        stop = threading.Event()

        def work() -> None:
            try:
                self.hire(subscriber).run(stop)
            except HubError as error:
                _log.error(
                    "a subscriber's worker ended", subscriber=subscriber.name, cause=str(error)
                )
                self.observer.count("outbound_worker_ended", subscriber=subscriber.name)
            except Exception:  # noqa: BLE001 - one subscriber's trouble is not the next one's
                _log.exception("a subscriber's worker ended", subscriber=subscriber.name)
                self.observer.count("outbound_worker_ended", subscriber=subscriber.name)

        thread = threading.Thread(target=work, name=f"delivery {subscriber.name}")
        post = _Post(subscriber, stop, thread)
        thread.start()
        return post

    def _dismiss(self, names: Iterable[str]) -> None:
        leaving = [self._posts.pop(name) for name in names]
        for post in leaving:
            post.stop.set()
        for post in leaving:
            post.thread.join()
