"""Grafana's dashboards, generated: ``python -m hub.dashboards [--check]`` writes ops/grafana.

A dashboard is rows of panels; where a panel stands follows from its place in the row. Every metric
in an expression is one that ``measures.toml`` declares, or the broker's own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors._kit.discover import discover

FOLDER = Path(__file__).resolve().parent.parent / "ops" / "grafana" / "dashboards"
_WIDTH = 24
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_GREEN, _RED = "green", "red"
_OR_NONE = "or vector(0)"
"""A level with labels has no series before there is anything to count: none, not no data."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A question and its answer as a picture: one number (``stat``) or lines over time.

    ``expressions`` are PromQL by legend. ``alarm`` is the value from which a number is red.
    """

    title: str
    expressions: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    alarm: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page: its rows share the width, all panels of one row the same."""

    uid: str
    title: str
    rows: Sequence[Sequence[Panel]]

    def as_json(self) -> dict[str, Any]:
        """Render as Grafana reads it."""
        return {
            "uid": self.uid,
            "title": self.title,
            "tags": ["qovsaq"],
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "refresh": "15s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "Asia/Baku",
            "templating": {"list": []},
            "panels": list(self._panels()),
        }

    def _panels(self) -> Iterator[dict[str, Any]]:
        number, top = 0, 0
        for row in self.rows:
            height = 4 if all(panel.kind == "stat" for panel in row) else 8
            width = _WIDTH // len(row)
            for place, panel in enumerate(row):
                number += 1
                grid = {"x": place * width, "y": top, "w": width, "h": height}
                yield _panel(panel, number, grid)
            top += height


def _panel(panel: Panel, number: int, grid: Mapping[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": _GREEN, "value": None}]
    if panel.alarm is not None:
        steps.append({"color": _RED, "value": panel.alarm})
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": dict(grid),
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"colorMode": "background"} if panel.kind == "stat" else {},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": expression, "legendFormat": legend,
             "datasource": _SOURCE}
            for place, (legend, expression) in enumerate(panel.expressions.items())
        ],
    }  # fmt: skip


def _number(title: str, expression: str, unit: str = "short", alarm: float | None = None) -> Panel:
    return Panel(title, {"": expression}, unit, "stat", alarm)


def _quantile(share: float, metric: str, labels: str = "", by: str = "") -> str:
    grouped = f"sum by (le{by}) (rate(qovsaq_{metric}_bucket{labels}[5m]))"
    return f"histogram_quantile({share}, {grouped})"


def overview() -> Dashboard:
    """The flow from left to right, what is wrong, and the ledger."""
    flow = [
        _number("1 · taken, messages/s →", "sum(rate(qovsaq_messages_received_total[5m]))"),
        _number("2 · wait for intake →", 'sum(qovsaq_queue_depth{queue=~"intake.*"})'),
        _number("3 · wait for registry →", 'sum(qovsaq_queue_depth{queue=~"registry.*"})'),
        _number("4 · settled, records/s →", "sum(rate(qovsaq_records_settled_total[5m]))"),
        _number("5 · to subscribers/s", "sum(rate(qovsaq_outbound_sent_total[5m]))"),
        _number("on the ladder", 'sum(qovsaq_queue_depth{queue=~"retry.*"})'),
    ]
    wrong = [
        _number("Unaccounted", "sum(qovsaq_unaccounted)", alarm=1),
        _number("In flight", "sum(qovsaq_in_flight)"),
        _number(
            "Dead letters",
            "sum(max by (ministry) (qovsaq_dead_letters_waiting)) " + _OR_NONE,
            alarm=1,
        ),
        _number(
            "Open breakers",
            "sum(max by (hop, dependency) (qovsaq_breaker_open)) " + _OR_NONE,
            alarm=1,
        ),
        _number("Silent feeds", "sum(qovsaq_silent_feed)", alarm=1),
        _number("Alerts", 'count(ALERTS{alertstate="firing"}) or vector(0)', alarm=1),
    ]
    late = _quantile(0.99, "critical_seconds", by=", lane")
    return Dashboard(
        "qovsaq-overview",
        "Qovşaq: overview",
        [
            flow,
            wrong,
            [
                Panel(
                    "Records settled per second",
                    {"{{outcome}}": "sum by (outcome) (rate(qovsaq_records_settled_total[5m]))",
                     "refused": "sum(rate(qovsaq_refused_total[5m]))"},
                ),
                Panel("Critical time, 99 %", {"{{lane}}": late}, "s"),
            ],
            [
                Panel("Oldest message, at most",
                      {"{{queue}}": "topk(8, qovsaq_queue_oldest_seconds)"}, "s"),
                Panel("Retries by rung",
                      {"{{hop}} {{rung}}": "sum by (hop, rung) (rate(qovsaq_retries_total[5m]))"}),
            ],
        ],
    )  # fmt: skip


def ministry(name: str) -> Dashboard:
    """What one ministry sends, how fresh it is, and what becomes of it."""
    waiting = "qovsaq_dead_letters_waiting"
    mine = f'{{ministry="{name}"}}'
    return Dashboard(
        f"qovsaq-ministry-{name}",
        f"Qovşaq: {name}",
        [
            [
                _number("Last message, ago", f"max(qovsaq_freshness_seconds{mine})", "s"),
                _number("Silent", f"max(qovsaq_silent_feed{mine})", alarm=1),
                _number("In flight", f"sum(qovsaq_in_flight{mine})"),
                _number("Unaccounted", f"sum(qovsaq_unaccounted{mine})", alarm=1),
                _number("Dead letters", f"max({waiting}{mine}) {_OR_NONE}", alarm=1),
                _number("Contract breaks", f"max(qovsaq_contract_breaks{mine})", alarm=1),
            ],
            [
                Panel(
                    "Messages per second",
                    {"{{lane}}": f"sum by (lane) (rate(qovsaq_messages_received_total{mine}[5m]))",
                     "again": f"sum(rate(qovsaq_messages_again_total{mine}[5m]))"},
                ),
                Panel(
                    "Records per second",
                    {"{{outcome}}":
                     f"sum by (outcome) (rate(qovsaq_records_settled_total{mine}[5m]))"},
                ),
            ],
            [
                Panel("Refused by rule",
                      {"{{rule}}": f"sum by (rule) (rate(qovsaq_refused_total{mine}[5m]))"}),
                Panel("Critical time",
                      {"half": _quantile(0.5, "critical_seconds", mine),
                       "99 %": _quantile(0.99, "critical_seconds", mine)}, "s"),
            ],
            [
                Panel("Waiting at intake",
                      {"{{queue}}": f'qovsaq_queue_depth{{queue=~"intake\\\\.{name}\\\\..*"}}'}),
                Panel("Polling",
                      {"documents/s": f"sum(rate(qovsaq_poll_documents_total{mine}[5m]))",
                       "failures/s": f"sum(rate(qovsaq_poll_failures_total{mine}[5m]))"}),
            ],
        ],
    )  # fmt: skip


def subscribers() -> Dashboard:
    """What leaves the hub, to whom, and what the gate withholds."""
    return Dashboard(
        "qovsaq-subscribers",
        "Qovşaq: subscribers",
        [
            [
                Panel("Sent per second, by outcome",
                      {"{{subscriber}} {{outcome}}":
                       "sum by (subscriber, outcome) (rate(qovsaq_outbound_sent_total[5m]))"}),
                Panel("The gate's verdicts per second",
                      {"{{subscriber}} {{verdict}} {{reason}}":
                       "sum by (subscriber, verdict, reason) "
                       "(rate(qovsaq_outbound_decided_total[5m]))"}),
            ],
            [
                Panel("Workers alive", {"{{subscriber}}": "qovsaq_outbound_worker"}),
                Panel("Waiting", {"{{queue}}":
                      'qovsaq_queue_depth{queue=~"(outbound|deliver)\\\\..*"}'}),
            ],
        ],
    )  # fmt: skip


def machines() -> Dashboard:
    """Broker, database and processes."""
    return Dashboard(
        "qovsaq-machines",
        "Qovşaq: broker and database",
        [
            [
                Panel("Queues", {"{{queue}}": "topk(12, qovsaq_queue_depth)"}),
                Panel("Confirms", {"half": _quantile(0.5, "confirm_seconds"),
                                   "99 %": _quantile(0.99, "confirm_seconds")}, "s"),
            ],
            [
                Panel("Broker: free disk",
                      {"free": "rabbitmq_disk_space_available_bytes",
                       "limit": "rabbitmq_disk_space_available_limit_bytes"}, "bytes"),
                Panel("Broker: memory",
                      {"used": "rabbitmq_process_resident_memory_bytes",
                       "limit": "rabbitmq_resident_memory_limit_bytes"}, "bytes"),
            ],
            [
                Panel("Database: transactions, 99 %",
                      {"{{purpose}}": _quantile(0.99, "database_seconds", by=", purpose")}, "s"),
                Panel("Database: connections",
                      {"used": "qovsaq_database_connections",
                       "limit": "qovsaq_database_connections_limit"}),
            ],
            [
                Panel("Database: size", {"size": "qovsaq_database_bytes"}, "bytes"),
                Panel("Processes", {"{{job}} {{instance}}": 'up{job=~"qovsaq|rabbitmq"}'}),
            ],
        ],
    )  # fmt: skip


def dashboards() -> list[Dashboard]:
    """All of them; a ministry has one because its folder exists."""
    return [overview(), *map(ministry, discover()), subscribers(), machines()]


def files(every: Iterable[Dashboard]) -> dict[str, str]:
    """Render dashboards as the files they are kept in."""
    return {
        f"{each.uid}.json": json.dumps(each.as_json(), indent=2, ensure_ascii=False) + "\n"
        for each in every
    }


def main(arguments: Sequence[str]) -> int:
    """Bring the files up to date, or with ``--check`` only say whether they are."""
    wanted = files(dashboards())
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    stale = sorted(name for name in wanted | kept if wanted.get(name) != kept.get(name))
    for name in stale:
        sys.stderr.write(f"ops/grafana/dashboards/{name} is out of date\n")
        if "--check" not in arguments:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).unlink(missing_ok=True)
            if name in wanted:
                (FOLDER / name).write_text(wanted[name], encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
