"""What ``qovsaq capacity`` reckons with, taken from the latest results and written into the hub.

A body's share is a third of the difference between the live path with three bodies and with none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hub.capacity as model
from benchmarks.results import Results, figure

KEPT = Path(model.__file__).with_name("capacity.toml")
_BODIES = 3
_ALONE, _WITH = "live_without_bodies", "live"
_HEAD = """\
# What a record costs, for `qovsaq capacity`: CPU in microseconds, disk in bytes.
# Written by `python -m benchmarks readme` from benchmarks/results/latest.json; `source` says which
# figure there, or that it is an assumption. Not to be edited by hand, except for assumptions.
"""
_ASSUMED: Mapping[str, tuple[float, str]] = {
    "database_cores": (32, "assumed: cores of the largest primary that is planned for"),
    "log_mb_per_s": (200, "assumed: what one disk takes of a log that is waited for"),
}

Coefficient = tuple[str, str, float, str]
"""Section, name, value and where it is from."""


def coefficients(results: Results) -> list[Coefficient]:
    """Derive every coefficient; empty where the results lack one of the runs."""
    if figure(results, f"{_ALONE}.records_per_s") is None:
        return []
    return [*_of_records(results), *_of_bodies(results), *_of_disk(results), *_of_limits(results)]


def document(results: Results) -> str:
    """The document that the hub carries."""
    lines, section = [_HEAD.rstrip("\n")], ""
    for part, name, value, source in coefficients(results):
        if part != section:
            lines.append("")
        section = part
        lines.append(f'{part}.{name} = {{ value = {value:g}, source = "{source}" }}')
    return "\n".join(lines) + "\n"


def _of_records(results: Results) -> Iterator[Coefficient]:
    for name in (*model.PROCESSES, *model.SERVERS):
        path = f"{_ALONE}.cpu_us_per_record.{name}"
        yield "record", name, _at(results, path), path


def _of_bodies(results: Results) -> Iterator[Coefficient]:
    for name in ("delivery", *model.SERVERS):
        value = _difference(results, f"cpu_us_per_record.{name}")
        yield "body", name, value, f"a third of {_WITH} less {_ALONE}: cpu_us_per_record.{name}"


def _of_disk(results: Results) -> Iterator[Coefficient]:
    for name in ("evidence", "registry", "log"):
        path = f"{_ALONE}.bytes_per_record.{name}"
        yield "disk", name, _at(results, path), path
    for name, column in {"outbound_body": "outbound", "log_body": "log"}.items():
        value = _difference(results, f"bytes_per_record.{column}")
        yield "disk", name, value, f"a third of {_WITH} less {_ALONE}: bytes_per_record.{column}"


def _of_limits(results: Results) -> Iterator[Coefficient]:
    for name, (value, source) in _ASSUMED.items():
        yield "limits", name, value, source
    path = "raw.forward.records_per_s"
    yield "limits", "queue_per_s", _at(results, path), path


def _difference(results: Results, path: str) -> float:
    both = (_at(results, f"{run}.{path}") for run in (_WITH, _ALONE))
    with_bodies, alone = both
    return round(max((with_bodies - alone) / _BODIES, 1.0), 1)


def _at(results: Results, path: str) -> float:
    found = figure(results, path)
    if found is None:
        raise ValueError(f"the results have no {path}")
    return found


def predicted_rate(results: Results, bodies: int) -> float:
    """Records a second that the model expects of the cores the run had to itself."""
    cores: Any = results["machine"]["cores"]
    run = _WITH if bodies else _ALONE
    free = cores - _at(results, f"{run}.cores_used_by_others")
    return float(free * 1e6 / sum(model.measured().cost(bodies).values()))
