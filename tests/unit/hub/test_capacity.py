"""The calculator: what a load needs follows from measured costs, and agrees with measurements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import coefficients, results
from hub.capacity import Load, Model, grown, measured, peak_of
from tests.support.commands import CommandLine

LOAD = Load(peak=100, per_day=1_000_000, bodies=2, retention_days=10, facts=1_000_000)
MODEL = Model(
    record={"intake": 2000, "registry": 1000, "rabbitmq": 1000, "postgresql": 3000},
    body={"delivery": 500, "rabbitmq": 100, "postgresql": 400},
    disk={"evidence": 500, "registry": 1000, "log": 4000, "outbound_body": 250, "log_body": 500},
    limits={"database_cores": 32, "log_mb_per_s": 200, "queue_per_s": 5000},
)


def test_cores_are_records_times_cost_and_bodies_add_to_it() -> None:
    need = MODEL.need(LOAD)
    assert need.cores["postgresql"] == pytest.approx(0.38)
    assert need.cores["delivery"] == pytest.approx(0.1)
    assert need.all_cores == 2  # 1.0 of a core, none busier than seven tenths


def test_a_worker_is_started_for_every_seven_tenths_of_a_core() -> None:
    assert MODEL.need(LOAD).processes["intake"] == 1
    assert MODEL.need(replace(LOAD, peak=1000)).processes["intake"] == 3


def test_disk_is_the_registry_and_the_evidence_of_the_days_it_is_kept() -> None:
    assert MODEL.need(LOAD).disk_gb == pytest.approx(1 + 10 * (0.5 + 2 * 0.25))


def test_what_gives_way_first_is_named_with_how_much_it_still_bears() -> None:
    need = MODEL.need(LOAD)
    assert need.first_limit == "one body's delivery worker"
    assert need.headroom == pytest.approx(14)
    alone = MODEL.need(replace(LOAD, bodies=0))
    assert alone.first_limit == "one queue leader of RabbitMQ"
    starved = replace(MODEL, limits={**MODEL.limits, "database_cores": 1})
    assert starved.need(replace(LOAD, bodies=0)).first_limit == "one PostgreSQL primary: cores"


def test_ten_times_the_load_needs_ten_times_the_cores_and_a_tenth_of_the_headroom() -> None:
    once, ten = (grown(LOAD, MODEL, (1, 10))[factor] for factor in (1, 10))
    assert sum(ten.cores.values()) == pytest.approx(10 * sum(once.cores.values()))
    assert ten.headroom == pytest.approx(once.headroom / 10)


def test_a_peak_is_so_many_times_the_mean_of_the_hours_in_which_a_day_is_sent() -> None:
    assert peak_of(28_800, 8, 1) == pytest.approx(1)
    assert peak_of(28_800, 8, 5) == pytest.approx(5)


def test_the_models_figures_are_those_that_were_measured() -> None:
    found = measured()
    for part, name, value, _ in coefficients.coefficients(results.read()):
        assert getattr(found, part)[name] == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(("run", "bodies"), [("live", 3), ("live_without_bodies", 0)])
def test_the_model_expects_about_what_was_measured(run: str, bodies: int) -> None:
    latest = results.read()
    rate = results.figure(latest, f"{run}.records_per_s")
    assert rate
    # Cores are never all busy: waiting for the disk and for each other takes its part.
    assert 0.4 < rate / coefficients.predicted_rate(latest, bodies) < 1.25


def test_the_command_shows_one_ten_and_a_hundred_times_the_load() -> None:
    shown = CommandLine({})("capacity", "--peak", "50", "--bodies", "2", "--json")
    assert shown.status == 0
    assert list(shown.json) == ["1x", "10x", "100x"]
    assert shown.json["100x"]["allCores"] > shown.json["1x"]["allCores"]
    table = CommandLine({})("capacity")
    assert "gives way first" in table.out
