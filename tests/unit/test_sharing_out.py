"""How the suite is shared out among its workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.sharing_out import TOGETHER, ByFile

ROOT = Path(__file__).parents[2]


class Worker:
    """Notes which tests it is given."""

    gateway = SimpleNamespace(id="a worker")
    shutting_down = False

    def __init__(self) -> None:
        self.given: list[int] = []

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def shared_out(tests: Sequence[str]) -> list[list[str]]:
    """Share tests out among two workers, which take turns; tell what each was given."""
    config = SimpleNamespace(
        getvalue=lambda _: ["2*popen"], option=SimpleNamespace(loadscopereorder=False)
    )
    log = SimpleNamespace(loadscopesched=lambda *_: None)
    scheduler = ByFile(cast("Any", config), cast("Any", log))
    workers = Worker(), Worker()
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    for turn in range(len(tests)):
        for worker in workers:
            if turn < len(worker.given):
                scheduler.mark_test_complete(worker, worker.given[turn])
    return [[tests[index] for index in worker.given] for worker in workers]


def test_the_tests_of_a_file_go_to_one_worker_and_every_test_to_some() -> None:
    tests = [f"tests/test_{file}.py::test_{n}[a::b]" for file in range(9) for n in range(4)]
    shares = shared_out(tests)
    assert sorted(shares[0] + shares[1]) == sorted(tests)
    files = [{test.partition("::")[0] for test in share} for share in shares]
    assert all(files)
    assert not files[0] & files[1]


@pytest.mark.parametrize("group", sorted(set(TOGETHER.values())))
def test_what_would_disturb_each_other_goes_to_one_worker(group: str) -> None:
    others = [f"tests/test_{file}.py::test" for file in range(9)]
    users = [f"{file}::test" for file, of in TOGETHER.items() if of == group]
    tests = [test for pair in zip(others, users, strict=False) for test in pair]
    assert sorted(len({*share} & {*users}) for share in shared_out(tests)) == [0, len(users)]


def test_what_goes_together_exists() -> None:
    assert [file for file in TOGETHER if not (ROOT / file).is_file()] == []


def test_no_test_relies_on_a_mark_that_does_nothing() -> None:
    mark = "xdist" + "_group"
    files = [*(ROOT / "tests").rglob("*.py")]
    assert len(files) > 100
    assert [file.name for file in files if mark in file.read_text("utf-8")] == []
