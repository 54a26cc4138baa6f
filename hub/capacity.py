"""How much machine a load needs: processes, cores and disk, and what gives way first as it grows.

A plain model: every record costs each part of the hub a measured time of CPU, every body that is
told of it another, and both leave measured bytes. ``capacity.toml`` has the figures with where each
was measured; `docs/scaling.md` says what the model leaves out.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COEFFICIENTS = Path(__file__).with_name("capacity.toml")
_BUSY = 0.7
"""The share of a core that is planned for: above it, waiting grows without bound."""

PROCESSES = ("intake", "registry", "delivery", "relay")
SERVERS = ("rabbitmq", "postgresql")
_DAY_SECONDS = 86_400
_MICRO, _GIGA = 1e6, 1e9


@dataclass(frozen=True, slots=True)
class Load:
    """``peak`` records a second on the live lane, ``per_day`` records; ``bodies`` are told of each.

    ``retention_days`` is how long evidence is kept, ``facts`` how many the registry holds.
    """

    peak: float
    per_day: float
    bodies: int
    retention_days: int
    facts: int

    def times(self, factor: int) -> Load:
        """The load, so many times larger."""
        return Load(
            self.peak * factor,
            self.per_day * factor,
            self.bodies,
            self.retention_days,
            self.facts,
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What a load needs. ``cores`` by part of the hub, ``processes`` by kind of worker.

    ``disk_gb`` and ``log_mb_per_s`` are PostgreSQL's; ``first_limit`` says what gives way next.
    """

    cores: Mapping[str, float]
    processes: Mapping[str, int]
    disk_gb: float
    log_mb_per_s: float
    first_limit: str
    headroom: float

    @property
    def all_cores(self) -> int:
        """Cores of all machines together, none of them busier than planned."""
        return math.ceil(sum(self.cores.values()) / _BUSY)

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        return {
            "cores": {name: round(value, 3) for name, value in self.cores.items()},
            "allCores": self.all_cores,
            "processes": dict(self.processes),
            "diskGB": round(self.disk_gb, 1),
            "logMBPerSecond": round(self.log_mb_per_s, 2),
            "firstLimit": self.first_limit,
            "headroom": round(self.headroom, 2),
        }


@dataclass(frozen=True, slots=True)
class Model:
    """Coefficients: ``record`` and ``body`` in µs of CPU by part, ``disk`` in bytes, ``limits``."""

    record: Mapping[str, float]
    body: Mapping[str, float]
    disk: Mapping[str, float]
    limits: Mapping[str, float]

    def cost(self, bodies: int) -> dict[str, float]:
        """CPU of one record in µs, by part."""
        parts = (*PROCESSES, *SERVERS)
        return {
            name: self.record.get(name, 0.0) + bodies * self.body.get(name, 0.0) for name in parts
        }

    def need(self, load: Load) -> Need:
        """What a load needs at its peak, and on disk once evidence is as old as it gets."""
        cost = self.cost(load.bodies)
        cores = {name: load.peak * each / _MICRO for name, each in cost.items()}
        log = load.peak * (self.disk["log"] + load.bodies * self.disk["log_body"])
        kept = self.disk["evidence"] + load.bodies * self.disk["outbound_body"]
        disk = load.facts * self.disk["registry"] + load.per_day * load.retention_days * kept
        rates = self._rates(cost, load.bodies)
        first = min(rates, key=lambda name: rates[name])
        return Need(
            cores=cores,
            processes={name: max(1, math.ceil(cores[name] / _BUSY)) for name in PROCESSES},
            disk_gb=disk / _GIGA,
            log_mb_per_s=log / _MICRO,
            first_limit=first,
            headroom=rates[first] / load.peak,
        )

    def _rates(self, cost: Mapping[str, float], bodies: int) -> dict[str, float]:
        """Records a second at which each thing that cannot be had twice is used up."""
        log = self.disk["log"] + bodies * self.disk["log_body"]
        return {
            "one PostgreSQL primary: cores": self.limits["database_cores"]
            * _BUSY
            * _MICRO
            / cost["postgresql"],
            "one PostgreSQL primary: log to disk": self.limits["log_mb_per_s"] * _MICRO / log,
            "one queue leader of RabbitMQ": self.limits["queue_per_s"],
            "one body's delivery worker": _BUSY * _MICRO / self.body["delivery"]
            if bodies
            else math.inf,
        }


def measured() -> Model:
    """The model with the figures of ``capacity.toml``."""
    told = tomllib.loads(_COEFFICIENTS.read_text("utf-8"))
    values = {
        part: {name: float(entry["value"]) for name, entry in entries.items()}
        for part, entries in told.items()
    }
    return Model(values["record"], values["body"], values["disk"], values["limits"])


def peak_of(per_day: float, hours: float, factor: float) -> float:
    """Records a second at the peak of a day of so many, sent within ``hours``."""
    return per_day / min(hours * 3600, _DAY_SECONDS) * factor


def grown(load: Load, model: Model, factors: Sequence[int] = (1, 10, 100)) -> dict[int, Need]:
    """What a load needs at several times its size."""
    return {factor: model.need(load.times(factor)) for factor in factors}
