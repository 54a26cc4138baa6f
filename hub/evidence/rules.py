"""The rules of data quality that ``rules.toml`` declares, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

OTHER = "other"
"""Label of rules that are not declared, so that labels of metrics stay bounded."""


class Severity(StrEnum):
    """How grave a finding is: ``error`` where not everything that was said can be right."""

    ERROR = "error"
    WARNING = "warning"


class Kept(StrEnum):
    """How a finding is kept: with its record for good, or open until the data agree again."""

    NOTED = "noted"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a stable name, how grave what it finds is, and what that is."""

    name: str
    severity: Severity
    kept: Kept
    meaning: str


def declared(tables: Mapping[str, Mapping[str, str]]) -> Mapping[str, Rule]:
    """Read declarations by name; raise ``KeyError`` or ``ValueError`` where one is not whole."""
    return {
        name: Rule(name, Severity(table["severity"]), Kept(table["kept"]), table["meaning"])
        for name, table in tables.items()
    }


CATALOGUE = declared(
    tomllib.loads(resources.files("hub.evidence").joinpath("rules.toml").read_text("utf-8"))
)


def label(rule: str) -> str:
    """Name a rule as metrics do."""
    return rule if rule in CATALOGUE else OTHER


def severity(rule: str) -> Severity:
    """Tell how grave a finding is; one of a rule nobody declared is a warning."""
    known = CATALOGUE.get(rule)
    return known.severity if known else Severity.WARNING


def standing() -> tuple[str, ...]:
    """Name the rules whose findings have a state."""
    return tuple(name for name, rule in CATALOGUE.items() if rule.kept is Kept.STANDING)
