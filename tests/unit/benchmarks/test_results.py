"""What is said of measurements follows from the measurements."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import report, results
from benchmarks.country.load import Checkpoint
from benchmarks.meter import Usage
from benchmarks.plot import Bar, chart
from benchmarks.processes import cpu_seconds, family, peak_rss_mb
from benchmarks.regression import Measure, settled
from benchmarks.results import Target


def test_a_target_is_reached_not_reached_or_not_measured() -> None:
    least, most = Target("a", "", least=5), Target("b", "", most=5)
    assert [least.verdict(figure) for figure in (5, 4.9, None)] == [
        "reached",
        "not reached",
        "not measured",
    ]
    assert [most.verdict(figure) for figure in (5, 5.1)] == ["reached", "not reached"]


def test_every_target_has_one_bound_and_a_name_of_its_own() -> None:
    found = results.targets()
    assert all((target.least is None) != (target.most is None) for target in found)
    assert len({target.name for target in found}) == len(found)


def test_ratios_are_of_figures_of_the_same_run() -> None:
    run = {"records_per_s": 100.0, "cpu_us_per_record": {"all": 50.0}}
    peer = {"records_per_s": 20.0, "cpu_us_per_record": {"all": 200.0}}
    found = results.ratios({"live": run, "faststream": peer, "raw": {"forward": peer}})
    assert found["live"]["vs_faststream"] == 5
    assert found["live"]["cpu_vs_faststream"] == 0.25
    assert "vs_celery" not in found["live"]


def test_newer_results_replace_older_ones_figure_by_figure() -> None:
    before, after = {"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"x": 5}}
    assert results.merged(before, after) == {"a": {"x": 5, "y": 2}, "b": 3}


def test_readme_and_picture_tell_the_latest_results() -> None:
    assert report.stale() == []


def test_a_chart_is_well_formed_and_its_bars_are_to_scale() -> None:
    drawn = chart([("rates", [Bar("a & b", {"": 100}), Bar("c", {"": 50})])])
    _background, *bars = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}rect")
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert widths[0] == pytest.approx(2 * widths[1])


def test_cost_is_cpu_over_records_by_group() -> None:
    usage = Usage(10.0, {"intake": 0.5, "rabbitmq": 1.5}, 0.1)
    assert usage.per_record(1000) == {"intake": 500.0, "rabbitmq": 1500.0, "all": 2000.0}


def test_a_process_is_seen_with_its_time_and_memory() -> None:
    import os

    assert cpu_seconds([os.getpid()]) > 0
    assert 1 < peak_rss_mb([os.getpid()]) < 10_000
    assert os.getpid() in family(os.getppid())
    assert cpu_seconds([2**30]) == 0


def test_a_dearer_record_is_complained_of_and_a_spread_is_not() -> None:
    measure = settled([2.0, 2.2, 2.4])
    assert measure == Measure(2.2, 0.6)
    assert settled([2.0, 2.2, 3.4]).tolerance == pytest.approx(0.95, abs=0.01)
    assert measure.complaint(3.5) is None
    assert "2.20" in (measure.complaint(3.6) or "")


def test_a_checkpoint_goes_on_and_is_not_taken_for_another_country(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    first = Checkpoint.of(path, 1000, 4)
    first.done.append({"records": 250, "seconds": 1.0})
    first.keep(path)
    assert Checkpoint.of(path, 1000, 4) == first
    with pytest.raises(ValueError, match="1000 records"):
        Checkpoint.of(path, 2000, 4)
