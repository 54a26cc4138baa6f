"""Results in words and as a picture: the table of targets, of costs, and two charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import coefficients
from benchmarks import results as kept
from benchmarks.plot import Bar, chart
from benchmarks.results import Results, figure

README = kept.FOLDER / "README.md"
PLOT = kept.FOLDER / "results" / "latest.svg"
_BEGIN, _END = "<!-- results:begin -->\n", "<!-- results:end -->"

_RUNS = {
    "live path (3 bodies)": "live",
    "… two intakes, registries, deliveries": "live_two_of_each",
    "live path, no body": "live_without_bodies",
    "bulk path, NDJSON": "bulk.ndjson",
    "bulk path, XML": "bulk.xml",
    "FastStream": "faststream",
    "Celery": "celery",
    "bare forward (pika)": "raw.forward",
    "bare publish (pika)": "raw.publish",
    "bare write, rows of NDJSON": "bare_write.ndjson",
    "bare write, rows of XML": "bare_write.xml",
}


def targets_table(results: Results) -> Iterator[str]:
    """Markdown: each target, what was measured, the verdict."""
    yield from _table(
        ("What", "Target", "Measured", "Verdict"),
        [
            (target.what, target.bound, _number(found), verdict)
            for target, found, verdict in kept.judged(results)
        ],
    )


def rates_table(results: Results) -> Iterator[str]:
    """Markdown: records per second and CPU per record of every run."""
    rows = [
        (
            name,
            _number(figure(results, f"{path}.records_per_s")),
            _number(figure(results, f"{path}.cpu_us_per_record.all")),
            _split(_at(results, f"{path}.cpu_us_per_record")),
            _number(figure(results, f"{path}.cores_used_by_others")),
        )
        for name, path in _RUNS.items()
    ]
    head = ("Run", "records/s", "CPU µs/record", "of which", "cores others used")
    yield from _table(head, rows)


def readme(results: Results) -> str:
    """The README with the part between the marks made anew."""
    text = README.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{_told(results)}{_END}{after}"


def write(results: Results) -> None:
    """Bring README, picture and the hub's coefficients in line with the results."""
    README.write_text(readme(results), "utf-8")
    PLOT.write_text(picture(results), "utf-8")
    if coefficients.coefficients(results):
        coefficients.KEPT.write_text(coefficients.document(results), "utf-8")


def picture(results: Results) -> str:
    """An SVG: how fast, and what a record costs, process by process."""
    rates = [
        Bar(name, {"": value})
        for name, path in _RUNS.items()
        if (value := figure(results, f"{path}.records_per_s"))
    ]
    costs = [
        Bar(name, parts)
        for name, path in _RUNS.items()
        if (parts := _parts(_at(results, f"{path}.cpu_us_per_record")))
    ]
    return chart([("records per second", rates), ("CPU per record, µs, by process", costs)])


def stale() -> list[str]:
    """Name what does not agree with the latest results."""
    results = kept.read()
    if not results:
        return []
    derived: dict[Path, str] = {README: readme(results), PLOT: picture(results)}
    if coefficients.coefficients(results):
        derived[coefficients.KEPT] = coefficients.document(results)
    return [
        f"{path.parent.name}/{path.name}"
        for path, text in derived.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]


def _told(results: Results) -> str:
    machine = results.get("machine", {})
    lines = [
        f"Measured {results.get('at', 'never')}, {results.get('form', 'short')} form, on "
        f"{machine.get('cores')} cores ({machine.get('cpu')}), {machine.get('memoryGiB')} GiB, "
        f"RabbitMQ {machine.get('rabbitmq')}, PostgreSQL "
        f"{machine.get('postgresql', {}).get('server_version')}, Python {machine.get('python')}.",
        results.get("note", ""),
        "",
        *targets_table(results),
        "",
        *rates_table(results),
        "",
        "![Rates and costs](results/latest.svg)",
    ]
    return "\n".join(line for line in lines if line is not None) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _number(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _at(results: Results, path: str) -> Mapping[str, float]:
    node: object = results
    for part in path.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _parts(costs: Mapping[str, float]) -> dict[str, float]:
    return {name: cost for name, cost in costs.items() if name != "all" and cost >= 1}


def _split(costs: Mapping[str, float]) -> str:
    parts = sorted(_parts(costs).items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {cost:.0f}" for name, cost in parts) or "—"
