"""Rates and thresholds by the days they hold: data with its source (``rates.toml``), never code.

Nothing in the hub calculates with them. They stand in ``registry.rate`` beside the facts, for the
Agency's systems that do, and so that a figure of some year is judged by the rate of that year.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from hub.store.database import Transaction, as_json

_CLEAR = "DELETE FROM registry.rate"

_FILL = """
INSERT INTO registry.rate (name, base, above, up_to, value, unit, valid_from, valid_until, source,
    standing, version)
SELECT name, base, above, up_to, value, unit, valid_from, valid_until, source, standing, %(version)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (name text, base text, above numeric, up_to numeric,
    value numeric, unit text, valid_from date, valid_until date, source text, standing text)
"""


class Standing(StrEnum):
    """How sure a rate is: a public source says so, or it is this project's reading."""

    REPORTED = "reported"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Rate:
    """What holds from one day to another, both included (None: no end is known).

    ``above`` and ``up_to`` bound the band of the base, in manat, to which the value applies.
    """

    name: str
    base: str
    value: Decimal
    unit: str
    valid_from: date
    valid_until: date | None
    above: Decimal
    up_to: Decimal | None
    source: str
    standing: Standing

    def holds_on(self, day: date) -> bool:
        """Whether the rate holds on a day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def collides(self, other: Rate) -> bool:
        """Whether on some day two values would hold for one amount."""
        return (
            self.name == other.name
            and self.valid_from <= (other.valid_until or date.max)
            and other.valid_from <= (self.valid_until or date.max)
            and (other.up_to is None or self.above < other.up_to)
            and (self.up_to is None or other.above < self.up_to)
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """One version of the table."""

    version: str
    rates: tuple[Rate, ...]

    def holding_on(self, day: date) -> Iterator[Rate]:
        """Yield what holds on a day."""
        return (rate for rate in self.rates if rate.holds_on(day))


def parse(text: str) -> Rates:
    """Read a table from TOML; raise ``ValueError`` where two of its rates collide."""
    tables = tomllib.loads(text)
    rates = tuple(_rate(table) for table in tables["rate"])
    for one, other in combinations(rates, 2):
        if one.collides(other):
            raise ValueError(f"{one.name}: {one.valid_from} and {other.valid_from} collide")
    return Rates(tables["version"], rates)


@cache
def assumed() -> Rates:
    """The table that comes with this release."""
    return parse(Path(__file__).with_name("rates.toml").read_text(encoding="utf-8"))


def put(tx: Transaction, table: Rates) -> None:
    """Make ``registry.rate`` hold exactly this version."""
    tx.execute(_CLEAR)
    tx.execute(_FILL, {"rows": as_json(list(map(_row, table.rates))), "version": table.version})


def described(rates: Iterable[Rate]) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield what, of what, the value, the days, how sure, and the source, as texts."""
    for rate in rates:
        until = rate.valid_until.isoformat() if rate.valid_until else "…"
        days = f"{rate.valid_from.isoformat()} to {until}"
        yield rate.name, _of(rate), f"{rate.value} {rate.unit}", days, rate.standing, rate.source


def _rate(table: Mapping[str, Any]) -> Rate:
    up_to = table.get("up_to")
    return Rate(
        name=table["name"],
        base=table["base"],
        value=Decimal(table["value"]),
        unit=table["unit"],
        valid_from=table["from"],
        valid_until=table.get("until"),
        above=Decimal(table.get("above", 0)),
        up_to=None if up_to is None else Decimal(up_to),
        source=table["source"],
        standing=Standing(table["standing"]),
    )


def _row(rate: Rate) -> dict[str, Any]:
    return {
        "name": rate.name,
        "base": rate.base,
        "above": str(rate.above),
        "up_to": None if rate.up_to is None else str(rate.up_to),
        "value": str(rate.value),
        "unit": rate.unit,
        "valid_from": rate.valid_from,
        "valid_until": rate.valid_until,
        "source": rate.source,
        "standing": rate.standing,
    }


def _of(rate: Rate) -> str:
    if rate.up_to is not None:
        return f"{rate.base}, to {rate.up_to} AZN"
    return f"{rate.base}, above {rate.above} AZN" if rate.above else rate.base
