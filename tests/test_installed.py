"""What an installation can break: every module is there, and the command that users type."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = (".__main__", ".migrations.env")
PACKAGES = ("hub", "connectors", "routing", "schemas")


def modules(package: str) -> Iterator[str]:
    """Name every module of a package but those that are programs, which importing would run."""
    found = importlib.import_module(package)
    yield package
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if not module.name.endswith(PROGRAMS):
            yield module.name


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_can_be_imported(package: str) -> None:
    names = list(modules(package))
    assert len(names) > 10
    for name in names:
        importlib.import_module(name)


def test_the_command_names_what_it_can_do() -> None:
    command = Path(sys.executable).parent / "qovsaq"
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    for verb in ("run", "ledger", "dead-letters", "doctor", "migrate"):
        assert verb in done.stdout
