"""kill -9 of intake, writer and desk between effect and acknowledgement, while a whole ministry
fails; then the replay of everything, pressed twice at once: nothing lost, nothing twice."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.bootstrap import Hub, Kind
from hub.deadletters.queries import Filter
from hub.deadletters.replaying import Run
from hub.evidence import operators
from hub.store.database import Database
from tests.reliability.mortal import CAUSE, program
from tests.reliability.stage import Stage, Traffic
from tests.support.hub_process import HubProcess
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]

MORTALS = (Kind.INTAKE, Kind.REGISTRY, Kind.DESK)
_LONGEST_LIFE = 3
_OPERATORS = ("root", "aysel", "behruz")


class Undertaker:
    """Starts processes again that died, to die again, until each has died often enough."""

    def __init__(self, played: Stage, deaths: int, unfit: Path, chance: random.Random) -> None:
        self._processes: Mapping[Kind, HubProcess] = {
            kind: played.process(kind) for kind in MORTALS
        }
        self._most = deaths
        self._unfit = unfit
        self._chance = chance
        self.deaths: Counter[Kind] = Counter()

    def look(self) -> None:
        """Start whatever does not run."""
        for kind, process in self._processes.items():
            if not process.running:
                self.deaths[kind] += process.was_started
                mortal = self.deaths[kind] < self._most
                place = self._chance.randint(1, _LONGEST_LIFE) if mortal else 0
                process.start(program(place, self._unfit))

    def until(self, happens: Callable[[], bool], what: str) -> None:
        """Go on until something happens."""

        def happened() -> bool:
            self.look()
            return happens()

        wait_until(happened, 300, what)

    def stop(self) -> list[int]:
        """Ask whatever runs to stop; return the exit statuses."""
        return [process.stop() for process in self._processes.values()]


@pytest.fixture
def deaths(traffic: Traffic) -> int:
    """How often each process dies: more often in the long form."""
    return max(1, len(traffic.messages) // 550)


def test_processes_that_die_between_effect_and_acknowledgement_change_nothing(
    stage: Callable[..., Stage], deaths: int, seed: int, tmp_path: Path
) -> None:
    played = stage(crew={Kind.RELAY: 1})
    unfit = tmp_path / "unfit"
    unfit.touch()
    undertaker = Undertaker(played, deaths, unfit, random.Random(seed))
    with played.working() as hub:
        try:
            with played.sending() as sender:
                while sender.is_alive():
                    undertaker.look()
                    sender.join(0.1)
            played.come_to_rest(undertaker.look)
            parked = _parked(played)
            undertaker.until(lambda: _letters(played) == parked, "letters of all that is parked")
            unfit.unlink()
            runs = _press_twice(hub)
            undertaker.look()
            played.come_to_rest(undertaker.look)
            undertaker.until(lambda: _letters(played, "settled") == parked, "settled letters")
        finally:
            statuses = undertaker.stop()
    assert statuses == [0, 0, 0]
    assert all(undertaker.deaths[kind] for kind in MORTALS), undertaker.deaths
    assert parked > 0
    assert sum(run.sent for run in runs) == parked
    assert played.rows("SELECT max(number) AS n FROM desk.replay") == [{"n": 1}]
    assert played.problems() == []


def _press_twice(hub: Hub) -> list[Run]:
    """Have two operators replay everything at the same moment."""
    barrier, runs = threading.Barrier(2), list[Run]()

    def press(token: str) -> None:
        with _replaying(hub) as replay:
            barrier.wait(60)
            runs.append(replay(token))

    presses = [threading.Thread(target=press, args=[token]) for token in _tokens(hub)]
    for each in presses:
        each.start()
    for each in presses:
        each.join(300)
    return runs


@contextmanager
def _replaying(hub: Hub) -> Iterator[Callable[[str], Run]]:
    replayer = hub.replayer(threading.Event())
    try:
        yield lambda token: replayer.replay(token, Filter(cause=CAUSE))
    finally:
        replayer.database.close()
        replayer.publisher.close()


def _tokens(hub: Hub) -> list[str]:
    database, tokens = Database(hub.database_url), list[str]()
    try:
        for name in _OPERATORS:
            with database.transaction() as tx:
                issuer = tokens[0] if tokens else None
                tokens.append(operators.add(tx, name, issuer, hub.clock()))
    finally:
        database.close()
    return tokens[1:]


def _parked(played: Stage) -> int:
    (row,) = played.rows("SELECT count(*) AS n FROM evidence.record_log WHERE state = 'parked'")
    return int(row["n"])


def _letters(played: Stage, state: str = "parked") -> int:
    found = played.rows("SELECT state, count(*) AS n FROM desk.letter GROUP BY state")
    return sum(row["n"] for row in found if row["state"] == state)
