"""What is measured: the metrics that ``measures.toml`` declares, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any


class Kind(StrEnum):
    """What a number means: a growing sum, a level, or a distribution."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as code names it; it is exposed with the prefix ``qovsaq_``.

    A level that only one process of a deployment may tell is marked ``leader``.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    leader: bool = False


def declared(tables: Mapping[str, Mapping[str, Any]]) -> tuple[Metric, ...]:
    """Read declarations by name; raise ``TypeError`` or ``ValueError`` where one is not whole."""
    return tuple(
        Metric(**{"name": name, **table, "kind": Kind(table["kind"]), "labels": _labels(table)})
        for name, table in tables.items()
    )


def _labels(table: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(table.get("labels", ()))


CATALOGUE = declared(
    tomllib.loads(resources.files("hub").joinpath("measures.toml").read_text("utf-8"))
)
