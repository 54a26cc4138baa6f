"""``promtool``, of Prometheus' own distribution (Debian: package ``prometheus``)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.servers import NoServer


def promtool(*arguments: str, folder: Path) -> str:
    """Run it in a folder and return what it says; raise ``NoServer`` where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        raise NoServer("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
