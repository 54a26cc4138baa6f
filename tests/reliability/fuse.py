"""A fuse, and a database that crashes at the place where it burns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.store.database import Database, Transaction


class Crash(BaseException):
    """The process is gone: nothing in it may catch this."""


@dataclass
class Fuse:
    """Counts the places that are passed and burns at the n-th; ``only`` counts those alone."""

    burns_at: int
    only: str = ""
    passed: int = 0
    places: list[str] = field(default_factory=list)

    def at(self, place: str) -> None:
        """Pass a place."""
        if self.only not in (place, ""):
            return
        self.passed += 1
        if self.passed == self.burns_at:
            self.places.append(place)
            raise Crash(place)

    @property
    def burnt(self) -> bool:
        """Whether the crash has happened."""
        return self.passed >= self.burns_at


class FusedDatabase(Database):
    """Crashes before a transaction, at its end before the commit, or right after the commit.

    One of a single statement is committed with it: there is nothing between.
    """

    def __init__(self, url: str, fuse: Fuse, name: str) -> None:
        super().__init__(url, application_name=name)
        self._fuse = fuse
        self._of = name

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self._fuse.at(f"{self._of} before begin")
        with super().transaction() as tx:
            yield tx
            self._fuse.at(f"{self._of} before commit")
        self._fuse.at(f"{self._of} after commit")

    @contextmanager
    def single(self) -> Iterator[Transaction]:
        self._fuse.at(f"{self._of} before statement")
        with super().single() as tx:
            yield tx
        self._fuse.at(f"{self._of} after statement")
