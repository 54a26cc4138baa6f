"""The tables in the documentation that code knows: ``python -m hub.docs [--check]``.

Settings, metrics, records by clause, published views, the authority matrix, rates, quality rules.
Each table stands between two markers; what is written by hand around them stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from connectors._staff.dialect import STAFF
from hub import metrics, settings
from hub.agency.dictionary import SCHEMA, Column, View, columns_of, dictionary
from hub.evidence import rules
from hub.registry import authority, rates
from schemas.catalogue import records
from schemas.envelope import Operation
from schemas.record import CanonicalRecord, Category

ROOT = Path(__file__).resolve().parent.parent


def rendered(path: Path, name: str, lines: Iterable[str]) -> str:
    """Give the text of ``path`` with the part between the markers called ``name`` replaced."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = path.read_text(encoding="utf-8") if path.exists() else f"{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path.name} has no markers for the table of {name}")
    return "\n".join([before + begin, *lines, end + after])


def settings_table() -> list[str]:
    """Render the table of settings in Markdown."""
    rows = [
        (f"`{name}`", f"`{default}`" if default else "", meaning)
        for name, default, meaning in settings.table()
    ]
    return _table(("Variable", "Default", "Meaning"), rows)


def metrics_table() -> list[str]:
    """Render the table of metrics in Markdown."""
    rows = [(f"`{name}`", *rest) for name, *rest in metrics.table()]
    return _table(("Metric", "Kind", "Unit", "Labels", "Meaning"), rows)


def rules_table() -> list[str]:
    """Render the table of quality rules in Markdown."""
    rows = [(f"`{r.name}`", r.severity, r.kept, r.meaning) for r in rules.CATALOGUE.values()]
    return _table(("Rule", "Severity", "Kept", "What is found"), rows)


def authority_table() -> list[str]:
    """Render the authority matrix in Markdown: entity, field, sources in order of belief."""
    matrix = authority.assumed()
    rows = [
        (f"`{entity}`", f"`{field}`" if field else "every other field", " → ".join(order))
        for entity, precedence in matrix.entities.items()
        for field, order in [*precedence.fields.items(), ("", precedence.default)]
    ]
    head = ("Golden record", "Field", "Believed, in this order")
    last = ", ".join(f"`{source}`" for source in matrix.last)
    after = f"After every other source, also one that is not listed: {last}."
    return [f"Version `{matrix.version}`.", "", *_table(head, rows), "", after]


def rates_table() -> list[str]:
    """Render rates and thresholds in Markdown."""
    known = rates.assumed()
    rows = [(f"`{name}`", *rest) for name, *rest in rates.described(known.rates)]
    head = ("Rate", "Of", "Value", "Days", "Standing", "Source")
    return [f"Version `{known.version}`.", "", *_table(head, rows)]


def records_table() -> list[str]:
    """Render the table of records in Markdown, from the clause to the tests."""
    connectors = [*discover().values(), STAFF]
    rows = [_record_row(record, connectors) for record in records().values()]
    head = ("Clause", "Record", "From", "Operations", "Label", "Schema", "Table", "Tests")
    return _table(head, sorted(rows))


def _record_row(record: type[CanonicalRecord], connectors: Iterable[Connector]) -> tuple[str, ...]:
    senders = [connector for connector in connectors if record in connector.records]
    told = {operation for sender in senders for operation in sender.operations}
    kind = f"{record.record_type}.v{record.record_version}"
    return (
        clause(record.category),
        f"`{record.record_type}`",
        ", ".join(sender.name for sender in senders) or "nobody yet",
        "all" if told == set(Operation) else ", ".join(sorted(told)),
        record.classification.value,
        f"`schemas/json/{kind}.json`",
        f"`registry.{record.record_type}`",
        ", ".join(f"`tests/connectors/test_{_folder(sender)}.py`" for sender in senders),
    )


def _folder(sender: Connector) -> str:
    return sender.folder.name.removeprefix("_")


def views_table() -> list[str]:
    """Render the data dictionary of the published views, a table for each."""
    words = dictionary()
    lines: list[str] = []
    for name, view in words.views.items():
        lines += ["", f"## `{SCHEMA}.{name}`", "", *_view(name, view), ""]
        rows = [(f"`{c}`", w.type, w.az, _english(w)) for c, w in columns_of(view).items()]
        lines += _table(("Column", "Type", "Azərbaycanca", "English"), rows)
    return [*lines, ""]


def _english(column: Column) -> str:
    shown = f" (only for: {', '.join(column.purposes)})" if column.purposes else ""
    return f"{column.en}{shown}"


def _view(name: str, view: View) -> list[str]:
    at = f"At other times: `{SCHEMA}.{name}_at(as_of, known_at)`." if view.historic else ""
    purposes = ", ".join(view.purposes)
    return [f"{view.az}.", f"{view.en} (clause {view.clause}). Read for: {purposes}. {at}".rstrip()]


def clause(category: Category) -> str:
    """Write a clause of decree 308 as the decree does: ``c412`` → ``4.1.2``."""
    if category is Category.C211:
        return "2.11"
    return ".".join(category.value.removeprefix("c"))


def drifted(root: Path) -> dict[Path, str]:
    """Tell which files do not say what the code says, with the text they should have."""
    wanted = {
        root / "docs" / "settings.md": ("settings", settings_table()),
        root / "docs" / "authority.md": ("authority", authority_table()),
        root / "docs" / "metrics.md": ("metrics", metrics_table()),
        root / "docs" / "quality.md": ("rules", rules_table()),
        root / "docs" / "rates.md": ("rates", rates_table()),
        root / "docs" / "records.md": ("records", records_table()),
        root / "docs" / "data-dictionary.md": ("views", views_table()),
    }
    texts = {path: rendered(path, *table) for path, table in wanted.items()}
    return {
        path: text
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(arguments: Sequence[str]) -> int:
    """Bring the files up to date, or with ``--check`` only say whether they are."""
    stale = drifted(ROOT)
    for path, text in stale.items():
        sys.stderr.write(f"{path.relative_to(ROOT)} is out of date\n")
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
