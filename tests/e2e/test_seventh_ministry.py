"""A seventh ministry is one folder and one schema file; nothing else is edited.

The project is copied, the two are added, and everything a ministry must pass is run on the copy.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import connectors
import hub
import routing
import schemas

HERE = Path(__file__).parent
ADDED = HERE / "seventh_ministry"
IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the four roots and the tests, then add a folder and a file."""
    copy = tmp_path_factory.mktemp("project")
    for root in (connectors, hub, routing, schemas):
        folder = Path(str(root.__file__)).parent
        shutil.copytree(folder, copy / folder.name, ignore=IGNORED)
    shutil.copytree(HERE.parent, copy / "tests", ignore=IGNORED)
    shutil.copytree(ADDED / "connectors", copy / "connectors", dirs_exist_ok=True, ignore=IGNORED)
    shutil.copytree(ADDED / "schemas", copy / "schemas", dirs_exist_ok=True, ignore=IGNORED)
    run(copy, "-m", "schemas.export")
    return copy


def run(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={"PYTHONPATH": str(project), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_discovered(project: Path) -> None:
    found = run(project, "-c", "from connectors._kit.discover import discover; print(*discover())")
    assert found.split() == [
        "economy", "education", "health", "interior", "justice", "labour", "migration",
    ]  # fmt: skip


def test_it_passes_the_conformance_suite(project: Path) -> None:
    suite = "tests/connectors/test_conformance.py"
    printed = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite, "-k", "education")
    assert " passed" in printed


@pytest.mark.database
def test_its_records_reach_the_registry(project: Path, empty_database_url: str) -> None:
    printed = run(project, str(project / "tests/e2e/seventh_journey.py"), empty_database_url)
    assert printed.splitlines() == [
        "written study_enrolment",
        "refused fin-format",
        "written study_enrolment",
        "written study_enrolment",
        "E-1 master 2025-09-15 annulled",
        "balanced",
    ]
