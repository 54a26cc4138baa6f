"""A process of the hub, started as an operator would, frozen and killed as only a test would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class HubProcess:
    """``qovsaq run <kind>`` with the given settings; its log goes to a file in ``folder``.

    ``program`` is what comes between the interpreter and ``run``; ``home`` is where it runs, and
    whose code it runs if there is any. What is not ``measured`` does not count for coverage, which
    makes starting and working take twice as long.
    """

    def __init__(
        self,
        kind: str,
        settings: Mapping[str, str],
        folder: Path,
        program: Sequence[str] = ("-m", "hub.cli"),
        home: Path | None = None,
        *,
        measured: bool = True,
    ) -> None:
        self.kind = kind
        self.log = folder / f"{kind}.log"
        self._settings = settings
        self._program = program
        self._home = home
        self._measured = measured
        self._said_before = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, program: Sequence[str] | None = None) -> None:
        """Start it, after a kill again, with another ``program`` where one is given."""
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *(program or self._program), "run", self.kind],
                env=self._environment(),
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _environment(self) -> dict[str, str]:
        given = environment(self._settings)
        if self._measured:
            return given
        return {key: value for key, value in given.items() if not key.startswith("COVERAGE_")}

    def freeze(self) -> None:
        """Stop it in mid-work (SIGSTOP): whatever it has in hand stays in its hand."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it without warning (SIGKILL)."""
        self._signal(signal.SIGKILL)
        self._wait(60)

    def stop(self) -> int:
        """Ask it to stop (SIGTERM) and return its exit status."""
        self._signal(signal.SIGTERM)
        return self._wait(120)

    @property
    def ready(self) -> bool:
        """Whether it is alive and has said, since it was started, that it is at work."""
        return self.running and b'"running"' in self.log.read_bytes()[self._said_before :]

    @property
    def was_started(self) -> bool:
        """Whether it was ever started."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Its number; 0 before it was started."""
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.poll() is None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait(self, seconds: float) -> int:
        return self._process.wait(seconds) if self._process is not None else 0


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process: this one's, without its settings, plus the given ones."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("QOVSAQ_")}  # noqa: TID251
    return inherited | dict(settings)
