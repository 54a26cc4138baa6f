from __future__ import annotations

from pathlib import Path

import pytest

from hub.docs import drifted, rendered

ROOT = Path(__file__).resolve().parents[3]


def test_the_documentation_says_what_the_code_says() -> None:
    assert list(drifted(ROOT)) == [], "run `python -m hub.docs`"


def test_only_the_part_between_the_markers_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- t:begin -->\nold\n<!-- t:end -->\nafter\n")
    assert rendered(page, "t", ["| a |"]) == (
        "before\n<!-- t:begin -->\n| a |\n<!-- t:end -->\nafter\n"
    )


def test_a_page_without_markers_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n")
    with pytest.raises(ValueError, match="markers"):
        rendered(page, "t", [])
