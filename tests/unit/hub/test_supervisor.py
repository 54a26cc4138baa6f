from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.supervisor import Patience, Supervisor

PATIENCE = Patience(first_pause=1, longest_pause=8, stable_after=60, grace=0)


@dataclass
class FakeProcess:
    """A process that ends when told to; ``deaf`` ones only when killed."""

    status: int | None = None
    deaf: bool = False

    def poll(self) -> int | None:
        return self.status

    def terminate(self) -> None:
        if not self.deaf:
            self.status = 0

    def kill(self) -> None:
        self.status = -9


@dataclass
class Machine:
    """Starts fake processes and remembers them by command, newest last."""

    started: dict[str, list[FakeProcess]] = field(default_factory=dict)

    def start(self, command: Sequence[str]) -> FakeProcess:
        process = FakeProcess()
        self.started.setdefault(command[0], []).append(process)
        return process

    def supervisor(self, *kinds: str) -> Supervisor:
        return Supervisor({kind: [kind] for kind in kinds}, PATIENCE, self.start)


def test_one_process_of_each_kind_is_started_once() -> None:
    machine = Machine()
    supervisor = machine.supervisor("intake", "relay")
    assert supervisor.step(0) == 0
    assert supervisor.step(1) == 0
    assert {kind: len(processes) for kind, processes in machine.started.items()} == {
        "intake": 1,
        "relay": 1,
    }


def test_a_child_that_dies_is_started_again_after_a_pause_and_alone() -> None:
    machine = Machine()
    supervisor = machine.supervisor("intake", "relay")
    supervisor.step(0)
    machine.started["intake"][0].status = -9
    supervisor.step(10)
    supervisor.step(10.9)
    assert len(machine.started["intake"]) == 1
    supervisor.step(11)
    assert len(machine.started["intake"]) == 2
    assert len(machine.started["relay"]) == 1


def pauses(machine: Machine, supervisor: Supervisor, *, uptime: float, deaths: int) -> list[float]:
    """Let the child die ``deaths`` times, ``uptime`` after its start; tell how long it was down."""
    now, found = 0.0, []
    supervisor.step(now)
    for _ in range(deaths):
        died = now = now + uptime
        children = len(machine.started["intake"])
        machine.started["intake"][-1].status = 1
        supervisor.step(now)
        while len(machine.started["intake"]) == children:
            now += 0.5
            supervisor.step(now)
        found.append(now - died)
    return found


def test_the_pause_doubles_up_to_a_limit_while_the_child_does_not_stay_up() -> None:
    machine = Machine()
    found = pauses(machine, machine.supervisor("intake"), uptime=5, deaths=6)
    assert found == [1, 2, 4, 8, 8, 8]


def test_a_child_that_stayed_up_starts_again_after_the_first_pause() -> None:
    machine = Machine()
    assert pauses(machine, machine.supervisor("intake"), uptime=60, deaths=3) == [1, 1, 1]


def test_a_child_whose_environment_is_broken_stops_everything_with_its_status() -> None:
    machine = Machine()
    supervisor = machine.supervisor("intake", "relay")
    supervisor.step(0)
    machine.started["relay"][0].status = 3
    assert supervisor.run(threading.Event()) == 3
    assert machine.started["intake"][0].status == 0


def test_a_wish_to_stop_ends_all_children_and_the_status_is_0() -> None:
    machine = Machine()
    supervisor = machine.supervisor("intake", "relay")
    supervisor.step(0)
    stop = threading.Event()
    stop.set()
    assert supervisor.run(stop) == 0
    assert [processes[0].status for processes in machine.started.values()] == [0, 0]


def test_a_child_that_does_not_stop_in_time_is_killed_and_the_status_tells() -> None:
    machine = Machine()
    supervisor = machine.supervisor("intake", "relay")
    supervisor.step(0)
    machine.started["relay"][0].deaf = True
    assert supervisor.stop_all() == 1
    assert machine.started["relay"][0].status == -9
    assert machine.started["intake"][0].status == 0
