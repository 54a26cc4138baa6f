"""The live path: one record a message, from its ministry's queue to the registry and to bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks import promises, raw
from benchmarks.country.files import Country
from benchmarks.disk import Disk
from benchmarks.meter import Usage
from benchmarks.servers import Servers
from benchmarks.site import KINDS, site
from routing import keys

_SLOWEST = 50
"""Records a second below which a run is given up."""

_SETTING_OUT = 120


@dataclass(frozen=True, slots=True)
class Run:
    """One run: ``seconds`` until everything was done; CPU in µs a record by group of processes."""

    records: int
    seconds: float
    cpu: Mapping[str, float]
    other_cores: float
    memory: Mapping[str, float] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def cost(self) -> float:
        """CPU of all processes together, in µs a record."""
        return self.cpu["all"]

    def as_dict(self) -> dict[str, Any]:
        """Render for the results."""
        return {
            "records": self.records,
            "seconds": round(self.seconds, 2),
            "records_per_s": round(self.rate, 1),
            "cpu_us_per_record": dict(self.cpu),
            "cores_used_by_others": self.other_cores,
            **({"rss_mb": dict(self.memory)} if self.memory else {}),
            **self.more,
        }


def run_of(records: int, seconds: float, usage: Usage, **given: Any) -> Run:
    """Make a run of what a meter told."""
    return Run(records, seconds, usage.per_record(records), usage.other, **given)


def messages(
    records: int, country: Country | None = None, start: int = 0
) -> Iterator[raw.Outgoing]:
    """Contracts of the synthetic country, one a message."""
    told = (country or Country()).notices(range(start, start + records))
    for number, body in enumerate(told, start):
        yield raw.Outgoing(body, f"bench-{number}", "application/json")


def live(
    servers: Servers,
    records: int,
    bodies: int = 3,
    kinds: Sequence[str] = KINDS,
    copies: int = 1,
) -> Run:
    """Fill the queue of a hub whose intake is not running, start that, and measure to the end.

    With ``copies`` there are so many of each kind that shares its work.
    """
    with site(servers, bodies, kinds, copies) as made:
        exchange = keys.intake_exchange("labour")
        raw.Publishing(made.broker_url, exchange, "live", messages(records)).run()
        made.start("intake")
        disk, meter, began = Disk.of(made.database_url), made.meter(), datetime.now(UTC)
        within = _SETTING_OUT + records / _SLOWEST
        ends = promises.wait_for(made, records, bodies * records, ("labour",), within)
        usage, memory = meter.stop(), made.memory()
        account = promises.account(made, records)
        left = Disk.of(made.database_url).since(disk, records)
    return run_of(
        records,
        (ends.last - began).total_seconds(),
        usage,
        memory=memory,
        more={
            "until_registry_records_per_s": round(
                records / (ends.settled - began).total_seconds(), 1
            ),
            "bytes_per_record": left,
            "delivered": account.delivered,
            "unaccounted": account.unaccounted,
        },
    )
