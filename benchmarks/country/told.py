"""What the slices of a country add up to, and what that says of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.country.files import WHOLE

_MILLION = 1_000_000
_SERVERS = ("rabbitmq", "postgresql", "bodies")

Slice = Mapping[str, Any]


def told(done: Sequence[Slice]) -> dict[str, Any]:
    """Sum up slices; short of the whole country, the later half tells how long that would take."""
    total = sum(each["records"] for each in done)
    whole = total >= 0.99 * WHOLE
    rate = _rate(done if whole else done[len(done) // 2 :])
    found: dict[str, Any] = {
        "country": {
            "records": total,
            "records_per_s": round(_rate(done), 1),
            "first_slice_records_per_s": round(_rate(done[:1]), 1),
            "last_slice_records_per_s": round(_rate(done[-1:]), 1),
            "database_bytes_per_record": _bytes(done),
            "rss_mb": max(size for each in done for size in _hub(each).values()),
            "hours": round(WHOLE / rate / 3600, 2),
            "extrapolated": not whole,
            "slices": list(done),
        }
    }
    first, last = _million(done), _million(done[::-1])
    if first and last and total >= 2 * _MILLION:
        found["bulk"] = {"last_vs_first_million": round(last / first, 3)}
    return found


def summary(found: Mapping[str, Any]) -> str:
    """Say in a sentence what ``told`` found."""
    country = found["country"]
    first, last = country["first_slice_records_per_s"], country["last_slice_records_per_s"]
    hours = "extrapolated from the later half" if country["extrapolated"] else "measured"
    return (
        f"{country['records']:,} records at {country['records_per_s']:,.0f}/s; "
        f"first slice {first:,.0f}/s, last slice {last:,.0f}/s ({last / first:.2f}); "
        f"40 million in {country['hours']:.1f} hours ({hours}); "
        f"{country['database_bytes_per_record']:,} bytes of database a record; "
        f"largest process of the hub {country['rss_mb']:.0f} MB; none unaccounted for"
    )


def _sums(done: Iterable[Slice]) -> tuple[int, float]:
    """Records that were brought to the hub in the run that timed them, and the seconds."""
    rows = [(each["records"] - each.get("before", 0), each["seconds"]) for each in done]
    return sum(records for records, _ in rows), sum(seconds for _, seconds in rows)


def _rate(done: Iterable[Slice]) -> float:
    records, seconds = _sums(done)
    return float(records / seconds)


def _bytes(done: Sequence[Slice]) -> int:
    """What a record adds to the database, of those after the first slice if there are any."""
    last = int(done[-1]["database_bytes"])
    if len(done) == 1:
        return round(last / int(done[0]["records"]))
    added = last - int(done[0]["database_bytes"])
    return round(added / sum(int(each["records"]) for each in done[1:]))


def _hub(each: Slice) -> dict[str, float]:
    return {name: size for name, size in each["rss_mb"].items() if name not in _SERVERS}


def _million(done: Iterable[Slice]) -> float | None:
    """The rate of the first million of these slices."""
    records, seconds = 0, 0.0
    for each in done:
        moved, took = _sums([each])
        records, seconds = records + moved, seconds + took
        if records >= _MILLION * 0.99:
            return float(records / seconds)
    return None
