"""Parts of a process that may die at any place, and then do nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.store.database import Transaction
from tests.reliability.fuse import Crash, Fuse, FusedDatabase
from tests.support.outbound_bench import FakeAdministration


class MortalDatabase(FusedDatabase):
    """A connection of a process that, once it has crashed, does nothing more."""

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self._fuse.burnt:
            raise Crash("dead")
        with super().transaction() as tx:
            yield tx

    @contextmanager
    def single(self) -> Iterator[Transaction]:
        if self._fuse.burnt:
            raise Crash("dead")
        with super().single() as tx:
            yield tx


@dataclass
class MortalAdministration(FakeAdministration):
    """Crashes before and after each change of rights."""

    fuse: Fuse = field(default_factory=lambda: Fuse(0))

    def _do(self, verb: str, subscriber: str) -> None:
        self.fuse.at(f"before {verb}")
        super()._do(verb, subscriber)
