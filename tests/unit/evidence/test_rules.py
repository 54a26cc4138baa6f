"""The catalogue of quality rules: whole, bounded, and the only one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors
import schemas
from hub.evidence.rules import CATALOGUE, Kept, Severity, declared, label, severity, standing
from hub.quality import looking

WHERE_A_RULE_STANDS = {"Doubt": 0, "Finding": 0, "doubt": 1}


def emitted() -> Iterator[str]:
    """Every rule that a connector or schema may warn by, read off the code."""
    for package in (connectors, schemas):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield from _rule(node)


def _rule(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = WHERE_A_RULE_STANDS.get(name)
    if place is not None and len(call.args) > place:
        argument = call.args[place]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def test_every_warning_a_connector_gives_is_declared() -> None:
    found = set(emitted())
    assert len(found) >= 5
    assert {rule: CATALOGUE[rule].kept for rule in found if rule in CATALOGUE} == dict.fromkeys(
        found, Kept.NOTED
    )


def test_every_rule_with_a_state_is_looked_for() -> None:
    looked_for = {*looking.GOLDEN_RULES, *looking.VERIFY_RULES, *looking.GAP_RULES}
    looked_for |= {*looking.MANIFEST_RULES, *looking.SNAPSHOT_RULES, *looking.EXPECTATION_RULES}
    assert looked_for == set(standing())


def test_a_rule_nobody_declared_is_a_warning_measured_as_other() -> None:
    assert label("invented-by-somebody") == "other"
    assert severity("invented-by-somebody") is Severity.WARNING
    assert label("voen-checksum") == "voen-checksum"


@pytest.mark.parametrize("spoilt", [{"severity": "grave"}, {"kept": "maybe"}])
def test_a_declaration_that_is_not_whole_is_refused(spoilt: dict[str, str]) -> None:
    whole = {"severity": "error", "kept": "noted", "meaning": "…"}
    assert declared({"rule": whole})["rule"].name == "rule"
    with pytest.raises(ValueError):  # noqa: PT011 - the name of the enumeration is in it
        declared({"rule": whole | spoilt})
    with pytest.raises(KeyError):
        declared({"rule": {"severity": "error"}})
