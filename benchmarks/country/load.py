"""Loading the country slice by slice, with a checkpoint after each, from which it goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from benchmarks import bulk, promises
from benchmarks.country.files import Country
from benchmarks.country.told import told
from benchmarks.live import run_of
from benchmarks.servers import Servers
from benchmarks.site import Site, standing_site

MINISTRIES = ("interior", "labour", "economy")
_RECEIVED = "SELECT coalesce(sum(records), 0)::bigint AS records FROM evidence.journal"
_SIZE = "SELECT pg_database_size(current_database()) AS bytes"


@dataclass
class Checkpoint:
    """What is done: names of the virtual host and the database, and each slice's figures."""

    records: int
    slices: int
    name: str
    done: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path, records: int, slices: int) -> Checkpoint:
        """Read a checkpoint, or begin one; raise ``ValueError`` if it is of another country."""
        if not path.exists():
            return cls(records, slices, f"qovsaq_country_{datetime.now(UTC):%Y%m%d%H%M%S}")
        found = cls(**json.loads(path.read_text("utf-8")))
        if (found.records, found.slices) != (records, slices):
            raise ValueError(f"{path} is of {found.records} records in {found.slices} slices")
        return found

    def keep(self, path: Path) -> None:
        """Write it down."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def load_country(
    servers: Servers, folder: Path, records: int, slices: int, upto: int, bodies: int
) -> dict[str, Any]:
    """Load slices up to ``upto`` that are not loaded yet, and tell what all of them took.

    The database stays as it is while slices are missing, for the next call; ``drop`` removes it.
    """
    path = folder / "checkpoint.json"
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint.of(path, records, slices)
    country = Country(records, slices)
    with standing_site(servers, checkpoint.name, bodies) as at:
        checkpoint.keep(path)
        at.start("intake")
        for number in range(len(checkpoint.done), upto):
            checkpoint.done.append(_slice(at, country, number, folder / "files", checkpoint.done))
            checkpoint.keep(path)
            typer.echo(json.dumps(checkpoint.done[-1]), err=True)
        total = sum(each["records"] for each in checkpoint.done)
        promises.account(at, total)
    return told(checkpoint.done)


def forget(folder: Path) -> None:
    """Begin anew: what a checkpoint tells of went with the servers it was loaded into."""
    (folder / "checkpoint.json").unlink(missing_ok=True)


def drop(servers: Servers, folder: Path) -> None:
    """Remove what an interrupted load left: database, virtual host and files."""
    path = folder / "checkpoint.json"
    name = json.loads(path.read_text("utf-8"))["name"]
    servers.postgres.drop(name)
    servers.broker.administration.delete_vhost(name)
    path.unlink()


def _slice(
    at: Site, country: Country, number: int, folder: Path, before: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Load one slice and wait until all of it is committed, and delivered where that is due.

    What an interrupted run had brought to the hub of it ``before`` counts in no rate.
    """
    files = country.write(number, folder)
    records = sum(file.records for file in files)
    due = sum(file.due for file in files)
    total = records + sum(each["records"] for each in before)
    delivered = at.bodies * (due + sum(each["due"] for each in before))
    already = bulk.one(at.database_url, _RECEIVED, "records") - (total - records)
    meter = at.meter()
    loading = 0.0
    for file in files:
        loading += bulk.send(at, file)
        file.path.unlink()
    within = 600 + records / 50
    promises.wait_for(at, total, 0, MINISTRIES, within)
    promises.wait_for(at, total, delivered, MINISTRIES, within)
    usage = meter.stop()
    run = run_of(max(1, records - already), usage.seconds, usage, memory=at.memory())
    cpu = {**run.cpu, "load": round(loading / run.records * 1e6, 1)}
    cpu["all"] = round(run.cost + cpu["load"], 1)
    size = bulk.one(at.database_url, _SIZE, "bytes")
    return run.as_dict() | {
        "slice": number,
        "records": records,
        "before": already,
        "due": due,
        "cpu_us_per_record": cpu,
        "database_bytes": size,
    }
