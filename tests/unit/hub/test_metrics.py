from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub
from hub.measures import CATALOGUE, Kind, Metric, declared
from hub.metrics import Metrics, table
from routing.observer import Observer

DECLARED = (
    Metric("things", Kind.COUNTER, "things", ("colour",), "Things seen."),
    Metric("level", Kind.GAUGE, "things", (), "Things held."),
    Metric("wait_seconds", Kind.HISTOGRAM, "seconds", (), "Time waited."),
    Metric("batch_items", Kind.HISTOGRAM, "items", ("queue",), "Items in a batch."),
)


def test_measurements_appear_in_the_exposition() -> None:
    observer: Observer = Metrics(DECLARED)
    observer.count("things", colour="red")
    observer.count("things", 2, colour="red")
    observer.gauge("level", 7)
    observer.observe("wait_seconds", 0.02)
    observer.observe("batch_items", 250, queue="q")
    assert isinstance(observer, Metrics)
    text = observer.expose().decode()
    assert 'qovsaq_things_total{colour="red"} 3.0' in text
    assert "qovsaq_level 7.0" in text
    assert 'qovsaq_wait_seconds_bucket{le="0.025"} 1.0' in text
    assert 'qovsaq_batch_items_bucket{le="100.0",queue="q"} 0.0' in text


def test_an_undeclared_name_is_an_error() -> None:
    metrics = Metrics(DECLARED)
    with pytest.raises(KeyError):
        metrics.count("thinks", colour="red")
    with pytest.raises(KeyError):
        metrics.gauge("things", 1)
    with pytest.raises(KeyError):
        metrics.observe("level", 1)


def test_an_undeclared_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="label"):
        Metrics(DECLARED).count("things", shape="round")


def test_two_processes_in_one_do_not_share_measurements() -> None:
    one, other = Metrics(DECLARED), Metrics(DECLARED)
    one.gauge("level", 7)
    assert b"qovsaq_level 7.0" not in other.expose()


def test_every_metric_of_the_hub_is_declared_once_with_its_meaning() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    assert all(metric.meaning.endswith(".") and metric.unit for metric in CATALOGUE)


def test_a_process_that_leads_no_more_tells_nothing_for_all() -> None:
    ledger = Metric("lost", Kind.GAUGE, "things", ("colour",), "Things lost.", leader=True)
    metrics = Metrics((*DECLARED, ledger))
    metrics.gauge("lost", 1, colour="red")
    metrics.gauge("level", 7)
    metrics.abdicate()
    assert b"qovsaq_lost{" not in metrics.expose()
    assert b"qovsaq_level 7.0" in metrics.expose()


def test_a_declaration_that_is_not_whole_is_refused() -> None:
    whole = {"kind": "gauge", "unit": "things", "meaning": "Things held."}
    assert declared({"level": whole}) == (DECLARED[1],)
    with pytest.raises(TypeError, match="unit"):
        declared({"level": {"kind": "gauge", "meaning": "Things held."}})
    with pytest.raises(TypeError, match="lables"):
        declared({"level": whole | {"lables": ["colour"]}})
    with pytest.raises(ValueError, match="gouge"):
        declared({"level": whole | {"kind": "gouge"}})


def test_names_in_the_documentation_are_those_exposed() -> None:
    exposed = Metrics().expose().decode()
    for name, _, _, _, meaning in table():
        assert f"# HELP {name} {meaning}" in exposed


def reported() -> Iterator[tuple[Path, str, str, frozenset[str]]]:
    """Every ``observer.count("name", …, label=…)`` in the sources: file, verb, name, labels."""
    root = Path(hub.__file__).parent.parent
    for path in (file for part in ("hub", "routing") for file in (root / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=target, attr="count" | "observe" | "gauge" as verb),
                    args=[ast.Constant(value=str(name)), *_],
                ) if "observer" in ast.unparse(target):
                    labels = frozenset(keyword.arg or "**" for keyword in node.keywords)
                    yield path, verb, name, labels


def test_what_the_code_reports_is_declared_and_what_is_declared_is_reported() -> None:
    verbs = {Kind.COUNTER: "count", Kind.GAUGE: "gauge", Kind.HISTOGRAM: "observe"}
    known = {(verbs[m.kind], m.name, frozenset(m.labels)) for m in CATALOGUE}
    used = {(verb, name, labels) for _, verb, name, labels in reported()}
    assert used == known
