"""What finding and starting servers has in common."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_MOMENT, _LONGEST_MOMENT = 0.1, 2.0


class NoServer(Exception):
    """No server was found and none could be started; the text says what was tried."""


def free_port() -> int:
    """Name a TCP port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def find_program(name: str, folders: Sequence[str]) -> str | None:
    """Find an installed program in ``folders`` (glob patterns, newest name first), else in PATH."""
    for pattern in folders:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (folder / name).exists():
                return str(folder / name)
    return shutil.which(name)


def wait_until(ready: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll ``ready`` until it holds; raise ``NoServer`` naming ``what`` after ``seconds``.

    Half of the time at most goes into looking: what is looked at may need the machine.
    """
    deadline = time.monotonic() + seconds
    looked = time.monotonic()
    while not ready():
        now = time.monotonic()
        if now > deadline:
            raise NoServer(f"{what} was not ready within {seconds:.0f} s")
        time.sleep(min(max(_MOMENT, now - looked), _LONGEST_MOMENT))
        looked = time.monotonic()
