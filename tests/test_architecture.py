"""The shape of the repository: what import contracts and linters cannot say."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
ROOTS = ("hub", "connectors", "routing", "schemas")
OTHER_FOLDERS = {"tests", "docs", "ops", "benchmarks"}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
MOST_LINES = 300
TEXT = {".py", ".md", ".toml", ".lock", ".yml", ".yaml", ".json", ".xml", ".xsd", ".wsdl", ".sh"}
UNFIT = {
    "a folder of somebody's machine": re.compile(r"(?<![\w.:/-])/(?:home|root|Users|work)/\w"),
    "the address of a package registry": re.compile(r"(?:pypi|pythonhosted|npmjs)\.(?:org|com)"),
    "a conflict marker": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    "a private key": re.compile(r"BEGIN [A-Z ]*PRIVATE KEY"),
}


def package_folder(root: str) -> Path:
    """Where the package comes from: the checkout, or site-packages when a wheel is tested."""
    location = importlib.import_module(root).__file__
    assert location is not None
    return Path(location).parent


def modules() -> Iterator[Path]:
    for folder in (*map(package_folder, ROOTS), REPOSITORY / "tests", REPOSITORY / "benchmarks"):
        yield from sorted(folder.rglob("*.py"))


def own_files() -> Iterator[Path]:
    """Every text file of the repository, without what tools leave behind."""
    for path in sorted(REPOSITORY.rglob("*")):
        parts = path.relative_to(REPOSITORY).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if hidden or "__pycache__" in parts or parts[0] in {"dist", "build", "htmlcov"}:
            continue
        if path.is_file() and (path.suffix in TEXT or path.name in {"Makefile", "run"}):
            yield path


def test_the_packages_are_the_same_for_the_wheel_and_for_the_import_contracts() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    contracts = PROJECT["tool"]["importlinter"]["root_packages"]
    assert set(wheel) == set(contracts) == set(ROOTS)


@pytest.mark.parametrize("root", ROOTS)
def test_every_package_is_importable_and_typed_by_its_own_init(root: str) -> None:
    assert (package_folder(root) / "__init__.py").exists()


def test_the_top_level_has_only_the_folders_of_the_map() -> None:
    folders = {path.name for path in REPOSITORY.iterdir() if path.is_dir()}
    visible = {name for name in folders if not name.startswith((".", "__")) and name != "dist"}
    assert visible <= {*ROOTS, *OTHER_FOLDERS}


def test_operations_files_are_no_python() -> None:
    assert list((REPOSITORY / "ops").rglob("*.py")) == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in modules() if path.stem in BANNED_NAMES] == []
    assert [path for path in modules() if BANNED_NAMES & set(path.parts[-3:-1])] == []


def test_no_module_is_longer_than_can_be_read_in_one_sitting() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {path.name: n for path, n in lengths.items() if n > MOST_LINES} == {}


@pytest.mark.parametrize("what", UNFIT)
def test_nothing_in_the_repository_names(what: str) -> None:
    found = [path for path in own_files() if UNFIT[what].search(path.read_text("utf-8", "replace"))]
    assert found == [], f"{what} in {found}"


def locked() -> dict[str, list[str]]:
    """Requirements of the lock by normalized name, with the lines that follow each."""
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (REPOSITORY / "requirements.lock").read_text("utf-8").splitlines():
        if line[:1].isalnum():
            current = entries.setdefault(normalized(line.partition("==")[0]), [line])
        else:
            current.append(line)
    return entries


def normalized(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def test_every_locked_requirement_is_pinned_and_hashed_and_nothing_else_is_in_the_lock() -> None:
    pin = re.compile(r"[\w.-]+==[\w.+!-]+( ; [^\\]+)? \\")
    digest = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")
    for first, *rest in locked().values():
        assert pin.fullmatch(first), first
        assert rest, f"no hash: {first}"
        assert [line for line in rest if not digest.fullmatch(line)] == []


def test_the_lock_covers_everything_the_project_asks_for() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    wanted += PROJECT["build-system"]["requires"]
    assert {normalized(name) for name in wanted} <= locked().keys()


def test_the_patterns_find_what_they_are_for() -> None:
    found = {
        "a folder of somebody's machine": "see " + "/" + "home/me/notes",
        "the address of a package registry": "https://" + "pypi" + ".org/simple",
        "a conflict marker": "<" * 7 + " HEAD",
        "a private key": "-----" + "BEGIN " + "PRIVATE KEY-----",
    }
    assert {what for what, text in found.items() if UNFIT[what].search(text)} == UNFIT.keys()
    harmless = "Document" + "/home" + "/x docs" + "/work" + "/y"
    assert not any(pattern.search(harmless) for pattern in UNFIT.values())
