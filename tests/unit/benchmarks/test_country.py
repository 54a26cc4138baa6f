"""The synthetic country is what its ministries' connectors accept, and nobody's real number."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.country.files import Country
from benchmarks.country.people import PERSONS, TAXPAYERS, fin, taxpayer
from benchmarks.country.told import summary, told
from connectors._kit.contract import Limits, RawMessage, Rules
from connectors._kit.discover import discover
from connectors._kit.portions import Size
from connectors._kit.split import split
from hub.intake.examining import examine
from hub.intake.reading import Held

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SMALL = Country(records=40_000, slices=100)
TOLD = ("person", "identity_document", "employment_contract")


@pytest.mark.parametrize("number", [0, 99])
def test_every_record_of_a_slice_is_accepted_without_a_doubt(tmp_path: Path, number: int) -> None:
    for file in SMALL.write(number, tmp_path):
        connector = discover()[file.ministry]
        found: list[Held] = []
        pieces = [file.path.read_bytes()]
        for chunk in split(pieces, file.content_type, connector, Limits(), Size()):
            raw = RawMessage(file.ministry, "m", chunk.content_type, chunk.body, NOW)
            found += examine(raw, connector, Rules())
        assert [each for each in found if not each.event or each.findings] == []
        assert len(found) == file.records
        assert sum(each.event.record_type in TOLD for each in found if each.event) == file.due


def test_a_slice_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = (SMALL.write(3, tmp_path / name) for name in "ab")
    assert [f.path.read_bytes() for f in first] == [f.path.read_bytes() for f in second]


def test_the_slices_make_up_the_country(tmp_path: Path) -> None:
    country = Country(records=4_000, slices=7)
    files = [file for number in range(7) for file in country.write(number, tmp_path)]
    assert abs(sum(file.records for file in files) - 4_000) < 20


def test_nobody_has_another_ones_number_and_none_could_be_issued() -> None:
    step = PERSONS // 20_000
    fins = {fin(index) for index in range(0, PERSONS, step)}
    assert len(fins) == len(range(0, PERSONS, step))
    assert all([c for c in each if c in "ST"] == ["T", "S", "T"] for each in fins)
    assert all(taxpayer(index).startswith("00") for index in range(0, TAXPAYERS, 9_999))


def loaded(number: int, records: int, seconds: float) -> dict[str, Any]:
    return {
        "slice": number,
        "records": records,
        "seconds": seconds,
        "rss_mb": {"intake": 120.0 + number, "postgresql": 900.0},
        "database_bytes": 5_000_000 + (number + 1) * records * 1000,
    }


def test_a_part_of_the_country_tells_by_its_later_half_how_long_the_whole_takes() -> None:
    found = told([loaded(n, 100_000, seconds) for n, seconds in enumerate((10, 10, 20, 20))])
    country = found["country"]
    assert (country["records"], country["extrapolated"]) == (400_000, True)
    assert country["hours"] == round(40_000_000 / 5_000 / 3600, 2)
    assert (country["database_bytes_per_record"], country["rss_mb"]) == (1000, 123)
    assert "last slice 5,000/s (0.50)" in summary(found)
    assert "bulk" not in found


def test_what_was_there_before_a_run_went_on_counts_in_no_rate() -> None:
    done = [loaded(0, 100_000, 50), loaded(1, 100_000, 25) | {"before": 50_000}]
    country = told(done)["country"]
    assert (country["records"], country["records_per_s"]) == (200_000, 2000)
    assert country["last_slice_records_per_s"] == 2000


def test_of_the_whole_country_the_last_million_is_compared_with_the_first() -> None:
    found = told([loaded(n, 1_000_000, 90 if n < 39 else 100) for n in range(40)])
    assert found["bulk"] == {"last_vs_first_million": 0.9}
    assert found["country"]["hours"] == round((39 * 90 + 100) / 3600, 2)
    assert not found["country"]["extrapolated"]
