"""What finding and starting servers has in common."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path


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
    """Poll ``ready`` until it holds; raise ``NoServer`` naming ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise NoServer(f"{what} was not ready within {seconds:.0f} s")
        time.sleep(0.1)
