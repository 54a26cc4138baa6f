"""Migrations that can run while the release before them still works (docs/upgrades.md)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import hub.store.migrations

VERSIONS = sorted((Path(hub.store.migrations.__path__[0]) / "versions").glob("[0-9]*.py"))
FIRST_ONLINE = "0025"
"""The chain up to the one before makes the schema of the first release: it runs on no live hub."""

NEW = [path for path in VERSIONS if path.name[:4] >= FIRST_ONLINE]

_NO_DEFAULT = r"(?:(?!,|;|\bDEFAULT\b).)*"
INDEX = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(CONCURRENTLY\s+)?(?:IF NOT EXISTS\s+)?\w+\s+"
    r"ON\s+([\w.]+)",
    re.IGNORECASE,
)
CONTRACTING = {
    "drops a table": r"\bDROP\s+TABLE\b",
    "drops a column": r"\bDROP\s+COLUMN\b",
    "drops a view or schema": r"\bDROP\s+(VIEW|SCHEMA|MATERIALIZED)\b",
    "renames": r"\bRENAME\b",
    "changes a type": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "sets NOT NULL": r"\bSET\s+NOT\s+NULL\b",
    "adds a column that must have a value and has none":
        rf"\bADD\s+COLUMN\s+{_NO_DEFAULT}\bNOT\s+NULL\b{_NO_DEFAULT}(?:[,;]|\Z)",
    "adds a constraint that reads the whole table":
        r"\bADD\s+(CONSTRAINT|CHECK|FOREIGN|UNIQUE)\b(?![^;]*NOT\s+VALID)",
    "locks a table": r"\bLOCK\s+TABLE\b",
    "takes its patience away": r"\block_timeout\b(?!\s*=\s*'\d+s')",
}  # fmt: skip


def statements_of(text: str) -> str:
    """The SQL of a migration without comments and without the bodies of functions."""
    text = re.sub(r"--[^\n]*", "", text)
    return re.sub(r"\$(\w*)\$.*?\$\1\$", "", text, flags=re.DOTALL)


def contracting(text: str) -> list[str]:
    """Name what in some SQL the release before could not live with, or would have to wait for."""
    sql = statements_of(text)
    found = [
        name
        for name, pattern in CONTRACTING.items()
        if re.search(pattern, sql, re.IGNORECASE | re.DOTALL)
    ]
    made = set(re.findall(r"CREATE\s+TABLE\s+(?:IF NOT EXISTS\s+)?([\w.]+)", sql, re.IGNORECASE))
    for concurrently, table in INDEX.findall(sql):
        if not concurrently and table not in made:
            found.append(f"makes an index on {table}, which nobody can write to meanwhile")
    return found


def sql_of(path: Path) -> str:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = [value for value in vars(module).values() if isinstance(value, str)]
    return ";\n".join(text for text in texts if re.search(r"\b(CREATE|ALTER|DROP)\b", text))


@pytest.mark.parametrize("path", NEW, ids=lambda path: path.stem)
def test_a_migration_leaves_the_release_before_it_working(path: Path) -> None:
    assert contracting(sql_of(path)) == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("ALTER TABLE a.b DROP COLUMN c", "drops a column"),
        ("DROP TABLE a.b", "drops a table"),
        ("DROP VIEW a.b", "drops a view or schema"),
        ("ALTER TABLE a.b RENAME COLUMN c TO d", "renames"),
        ("ALTER TABLE a.b ALTER COLUMN c TYPE bigint", "changes a type"),
        ("ALTER TABLE a.b ALTER c SET DATA TYPE bigint", "changes a type"),
        ("ALTER TABLE a.b ALTER COLUMN c SET NOT NULL", "sets NOT NULL"),
        ("ALTER TABLE a.b ADD COLUMN c text NOT NULL;",
         "adds a column that must have a value and has none"),
        ("ALTER TABLE a.b ADD COLUMN d text, ADD COLUMN c text NOT NULL",
         "adds a column that must have a value and has none"),
        ("ALTER TABLE a.b ADD CONSTRAINT c CHECK (d > 0)",
         "adds a constraint that reads the whole table"),
        ("CREATE INDEX c ON a.b (d)",
         "makes an index on a.b, which nobody can write to meanwhile"),
        ("LOCK TABLE a.b", "locks a table"),
        ("SET lock_timeout = 0", "takes its patience away"),
    ],
)  # fmt: skip
def test_what_breaks_the_release_before_is_recognized(sql: str, found: str) -> None:
    assert contracting(sql) == [found]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE a.b ADD COLUMN c text",
        "ALTER TABLE a.b ADD COLUMN c text NOT NULL DEFAULT ''",
        "ALTER TABLE a.b ADD COLUMN c boolean DEFAULT false NOT NULL, ADD COLUMN d text",
        "ALTER TABLE a.b ADD CONSTRAINT c CHECK (d > 0) NOT VALID",
        "CREATE TABLE a.b (c text NOT NULL); CREATE INDEX d ON a.b (c)",
        "CREATE INDEX CONCURRENTLY c ON a.b (d)",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE x; END $$",
        "-- DROP TABLE a.b",
    ],
)
def test_what_only_adds_is_let_through(sql: str) -> None:
    assert contracting(sql) == []
