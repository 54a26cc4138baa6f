"""Results of a run: kept as one JSON document, compared with the targets."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LATEST = FOLDER / "results" / "latest.json"
_TARGETS = FOLDER / "targets.toml"

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure by its path in the results, and the least or the most it should be."""

    name: str
    what: str
    least: float | None = None
    most: float | None = None

    def verdict(self, figure: float | None) -> str:
        """Say in words whether it was reached."""
        if figure is None:
            return "not measured"
        short = self.least is not None and figure < self.least
        long = self.most is not None and figure > self.most
        return "not reached" if short or long else "reached"

    @property
    def bound(self) -> str:
        """The target as it is printed."""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


def targets() -> list[Target]:
    """Read the targets, ratios first."""
    told = tomllib.loads(_TARGETS.read_text("utf-8"))
    return [Target(**each) for each in told["target"]]


def figure(results: Results, name: str) -> float | None:
    """Look a figure up by its path; None where it was not measured."""
    node: Any = results
    for part in name.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, int | float) else None


def judged(results: Results) -> Iterator[tuple[Target, float | None, str]]:
    """Each target with what was measured and the verdict."""
    for target in targets():
        found = figure(results, target.name)
        yield target, found, target.verdict(found)


def read() -> dict[str, Any]:
    """Read the latest results; empty where there are none."""
    found: dict[str, Any] = json.loads(LATEST.read_text("utf-8")) if LATEST.exists() else {}
    return found


def write(results: Results) -> None:
    """Keep results as the latest."""
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", "utf-8")


def merged(before: Results, after: Results) -> dict[str, Any]:
    """Put newer results over older ones, figure by figure."""
    found = dict(before)
    for key, value in after.items():
        old = found.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            found[key] = merged(old, value)
        else:
            found[key] = value
    return found


def ratios(results: Results) -> dict[str, Any]:
    """Everything that is a comparison, from the figures that are there; of one run only."""
    live, bulk = figure(results, "live.records_per_s"), figure(results, "bulk.records_per_s")
    found: dict[str, Any] = {"live": {}, "bulk": {}}
    cost = figure(results, "live.cpu_us_per_record.all")
    for name, other in {
        "faststream": "faststream",
        "celery": "celery",
        "raw_forward": "raw.forward",
    }.items():
        rate = figure(results, f"{other}.records_per_s")
        if live and rate:
            found["live"][f"vs_{name}"] = round(live / rate, 3)
        theirs = figure(results, f"{other}.cpu_us_per_record.all")
        if cost and theirs:
            found["live"][f"cpu_vs_{name}"] = round(cost / theirs, 3)
    for kind in ("ndjson", "xml"):
        rate = figure(results, f"bulk.{kind}.records_per_s")
        bare = figure(results, f"bare_write.{kind}.records_per_s")
        if rate and bare:
            found["bulk"][kind] = {"vs_bare_write": round(rate / bare, 3)}
    bare = figure(results, "bare_write.ndjson.records_per_s")
    if bulk and bare:
        found["bulk"]["vs_bare_write"] = round(bulk / bare, 3)
    return found


def largest_process(results: Results) -> float | None:
    """Peak RSS of the largest process of the hub, over all runs of it."""
    servers = {"rabbitmq", "postgresql", "bodies"}
    country = results.get("country") or {}
    runs = [results.get("live"), *(results.get("bulk") or {}).values(), *country.get("slices", ())]
    sizes = [
        size
        for run in runs
        if isinstance(run, Mapping)
        for name, size in run.get("rss_mb", {}).items()
        if name not in servers
    ]
    return max(sizes, default=None)
