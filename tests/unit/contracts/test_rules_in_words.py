"""Every rule of the comparison is explained where people look it up."""

from __future__ import annotations

import re
from pathlib import Path

import hub.contracts

FOLDER = Path(hub.contracts.__path__[0])
PAGE = (Path(__file__).parents[3] / "docs" / "contracts.md").read_text("utf-8")
RULE = re.compile(r'"((?!x-)[a-z]+(?:-[a-z]+)+)"')
MEMBER_RULE = re.compile(r'f"\{member\}-([a-z-]+)"')


def found(pattern: re.Pattern[str], *names: str) -> set[str]:
    return {rule for name in names for rule in pattern.findall((FOLDER / name).read_text("utf-8"))}


def test_every_rule_is_in_the_table() -> None:
    rules = found(RULE, "comparison.py", "keywords.py", "compatibility.py", "verdict.py")
    rules |= {f"field-{rule}" for rule in found(MEMBER_RULE, "comparison.py")}
    assert len(rules) > 20
    assert {rule for rule in rules if f"`{rule}`" not in PAGE} == set()
