"""Every page of the repository leads where it says, and names what there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from hub.cli.main import app
from hub.settings import table
from tests.support.settings import SupportSettings

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    path
    for folder in (".", "benchmarks", "docs/**", "ops/**")
    for path in REPOSITORY.glob(f"{folder}/*.md")
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+?)#*$", re.MULTILINE)
SETTING = re.compile(r"\bQOVSAQ_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_<…]|\*)")
QUOTED = re.compile(r"`(qovsaq [^`|…]+)`")
PROMPTED = re.compile(r"^(?:\$ )?(qovsaq [^#|>;&…\n]+)", re.MULTILINE)

on_every_page = pytest.mark.parametrize(
    "page", PAGES, ids=[str(page.relative_to(REPOSITORY)) for page in PAGES]
)


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Name a page's headings as GitHub does: the second of a name ends in ``-1``."""
    found: dict[str, int] = {}
    for heading in HEADING.findall(prose(page)):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        found[name] = found.get(name, 0) + 1
    return {f"{name}-{n}" if n else name for name, times in found.items() for n in range(times)}


def broken(page: Path) -> Iterator[str]:
    for path, anchor in LINK.findall(prose(page)):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield f"{path}#{anchor}"


@on_every_page
def test_every_link_leads_to_a_page_and_a_heading_that_exist(page: Path) -> None:
    assert list(broken(page)) == []


def test_links_that_lead_nowhere_are_seen(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A `b`, c!\n# A b c\n")
    page = tmp_path / "page.md"
    good = "[x](there.md) [x](there.md#a-b-c) [x](there.md#a-b-c-1) [x](#here)\n# Here"
    page.write_text(good + "\n[x](gone.md) [x](there.md#d) [x](#there) `[x](y)`\n```\n[x](z)\n```")
    assert list(broken(page)) == ["gone.md#", "there.md#d", "#there", "y#"]


@cache
def known_settings() -> list[re.Pattern[str]]:
    """Patterns of all names; a part in angle brackets stands for any."""
    tests = {f"QOVSAQ_TEST_{name.upper()}" for name in SupportSettings.model_fields}
    names = {name for name, _, _ in table()} | tests
    return [re.compile(re.sub(r"<\w+>", "[A-Z0-9_]+", name)) for name in names]


@on_every_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = known_settings()
    named = set(SETTING.findall(page.read_text("utf-8")))
    assert [name for name in named if not any(each.fullmatch(name) for each in known)] == []


def commands(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    for line in QUOTED.findall(prose(page)):
        yield re.sub(r"\s+", " ", line)
    for block in CODE.findall(text):
        yield from PROMPTED.findall(block.replace("\\\n", " "))


@on_every_page
def test_every_command_that_is_named_exists_with_its_options(page: Path) -> None:
    for line in commands(page):
        words = line.split() if line.count("'") % 2 else shlex.split(line)
        parameters = resolved(words[1:]).params
        options = {name for each in parameters for name in [*each.opts, *each.secondary_opts]}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= options | {"--help"}, line


def test_the_resolver_notices_a_command_that_does_not_exist() -> None:
    with pytest.raises(AssertionError):
        resolved(["dead-letters", "burn"])


@cache
def qovsaq() -> Any:
    return get_command(app)


def resolved(words: list[str]) -> Any:
    """Follow the words of a command line to the command they name."""
    command: Any = qovsaq()
    for word in words:
        if not hasattr(command, "commands"):
            break
        following = command.commands.get(word)
        assert following is not None, f"no command {word} in {words}"
        command = following
    return command
