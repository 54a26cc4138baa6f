"""``promtool`` and ``amtool``, which read Prometheus' and Alertmanager's files as these do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.servers import NoServer


def promtool(*arguments: str, folder: Path) -> str:
    """Run it in a folder and return what it says; raise ``NoServer`` where it is not installed."""
    return _run("promtool", "prometheus", arguments, folder)


def amtool(*arguments: str, folder: Path) -> str:
    """Run it in a folder and return what it says; raise ``NoServer`` where it is not installed."""
    return _run("amtool", "prometheus-alertmanager", arguments, folder)


def _run(name: str, package: str, arguments: tuple[str, ...], folder: Path) -> str:
    program = shutil.which(name)
    if program is None:
        raise NoServer(f"{name} is not installed (Debian: apt-get install {package})")
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
