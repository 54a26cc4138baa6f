"""Each alert fires on a real Prometheus when its condition is produced, and clears afterwards.

Real are Prometheus, Alertmanager, RabbitMQ, PostgreSQL and the hub's processes; conditions are
produced as they come about. What is hurried is said in ``tests.support.prometheus``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from hub.dashboards import Dashboard, dashboards
from tests.e2e.alert_conditions import CONDITIONS, SECONDS
from tests.e2e.alert_site import CONTRACT, Site, alert_site
from tests.support.needs import needing
from tests.support.prometheus import OPS
from tests.support.servers import wait_until


def alerts() -> set[str]:
    groups = yaml.safe_load((OPS / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def test_every_alert_is_produced_here() -> None:
    assert CONDITIONS.keys() == alerts()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("alerts")
    with needing("Prometheus, RabbitMQ and PostgreSQL"), alert_site(folder) as made:
        made.publish("intake.labour", "bulk", CONTRACT, "application/json")
        made.send()
        yield made


slow = [
    pytest.mark.slow,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(3 * SECONDS),
]


@pytest.mark.parametrize("alert", [pytest.param(name, marks=slow) for name in CONDITIONS])
def test_it_fires_when_its_condition_is_there_and_clears_when_it_is_gone(
    site: Site, alert: str
) -> None:
    with CONDITIONS[alert](site):
        wait_until(lambda: site.prometheus.firing(alert), SECONDS, f"{alert}, firing")
        wait_until(lambda: site.prometheus.told(alert), SECONDS, f"{alert} at Alertmanager")
    wait_until(lambda: not site.prometheus.firing(alert), SECONDS, f"{alert}, cleared")


NOT_IN_THIS_RUN = (
    "retries_total",
    "contract_breaks",
    "poll_documents",
    "poll_failures",
    "outbound_",
    "subscriber_",
    "(outbound|deliver)",
    "lookups",
    "agency_",
)
"""What some panels show that does not happen here: retries, polling, delivering, looking up."""


def expected(page: Dashboard) -> Iterator[str]:
    """Expressions of a page's panels that must have data after these tests."""
    for panel in page.as_json()["panels"]:
        for target in panel["targets"]:
            if not any(name in target["expr"] for name in NOT_IN_THIS_RUN):
                yield target["expr"]


@pytest.mark.parametrize(
    "uid",
    [
        pytest.param(name, marks=slow)
        for name in ("qovsaq-overview", "qovsaq-ministry-labour", "qovsaq-machines")
    ],
)
def test_every_panel_of_a_dashboard_shows_data_of_a_real_run(site: Site, uid: str) -> None:
    (page,) = (each for each in dashboards() if each.uid == uid)
    wanted = list(expected(page))
    assert len(wanted) > 5

    def empty() -> list[str]:
        return [expression for expression in wanted if not site.prometheus.query(expression)]

    def filled() -> bool:
        site.send()
        site.send(body=b"{}")
        site.again()
        return not empty()

    wait_until(filled, SECONDS, "; ".join(empty()))


@pytest.mark.parametrize("uid", [pytest.param(each.uid, marks=slow) for each in dashboards()])
def test_prometheus_understands_every_panel(site: Site, uid: str) -> None:
    (page,) = (each for each in dashboards() if each.uid == uid)
    for panel in page.as_json()["panels"]:
        for target in panel["targets"]:
            site.prometheus.query(target["expr"])
