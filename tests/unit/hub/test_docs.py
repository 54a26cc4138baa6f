from __future__ import annotations

from pathlib import Path

import pytest

from hub import docs
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


def test_the_command_mends_what_has_drifted_and_check_only_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    page = tmp_path / "docs" / "settings.md"
    page.parent.mkdir()
    page.write_text("<!-- settings:begin -->\n<!-- settings:end -->\n")
    assert docs.main(["--check"]) == 1
    assert "settings.md is out of date" in capsys.readouterr().err
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    assert "`QOVSAQ_BROKER_URL`" in page.read_text()
    assert "`qovsaq_unaccounted`" in (tmp_path / "docs" / "metrics.md").read_text()
