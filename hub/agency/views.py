"""The published views, made from the data dictionary: current, as of a date, as known on a date.

``published.<view>`` shows what stands now. ``published.<view>_at(as_of, known_at)`` shows what
had taken effect at the sources by ``as_of``, as far as the registry had recorded it by
``known_at``. It folds the kept operations as ``hub.registry.past`` does, so that both give one
answer: a correction says that what it corrects was wrong from the start, an annulment that the
fact never was; neither counts before it was recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import LiteralString

from hub.agency import past_persons, readers, readings
from hub.agency.dictionary import SCHEMA, Column, Dictionary, View, columns_of, dictionary
from hub.agency.joined import OVER_VIEWS
from hub.registry.authority import assumed
from hub.registry.tables import KEY, facts_table, history_table
from hub.store.database import Statement, Transaction
from hub.store.statements import Part, compose, listed, literal
from schemas.errors import Stop

_FACTS_AT: LiteralString = """
CREATE OR REPLACE FUNCTION {name} (as_of timestamptz, known_at timestamptz)
RETURNS TABLE (ministry text, subject text, fact_key text, record_id uuid,
    occurred_at timestamptz, recorded_at timestamptz, data jsonb, version bigint, rank integer)
LANGUAGE sql STABLE ROWS 1000000 AS $$
WITH kept AS (
    SELECT {key}, record_id, operation, version, occurred_at, recorded_at, data FROM {facts}
    WHERE record_id IS NOT NULL
    UNION ALL
    SELECT {key}, record_id, operation, version, occurred_at, recorded_at, data FROM {history}),
seen AS (
    SELECT *, array_position(ARRAY['create', 'snapshot', 'change', 'correct', 'annul', 'restore'],
        operation) AS rank
    FROM kept WHERE kept.recorded_at <= $2 AND operation <> 'verify'),
told AS (
    SELECT *, count(*) FILTER (WHERE operation <> 'correct')
        OVER (PARTITION BY {key} ORDER BY version, rank, record_id) AS period
    FROM seen WHERE operation NOT IN ('annul', 'restore')),
begun AS (
    SELECT *, first_value(occurred_at)
        OVER (PARTITION BY {key}, period ORDER BY version, rank, record_id) AS since
    FROM told),
content AS (
    SELECT DISTINCT ON ({key}) * FROM begun WHERE since <= $1
    ORDER BY {key}, version DESC, rank DESC, record_id DESC),
standing AS (
    SELECT DISTINCT ON ({key}) {key}, operation AS decided FROM seen
    WHERE operation NOT IN ('change', 'correct')
    ORDER BY {key}, version DESC, rank DESC, record_id DESC)
SELECT {key}, record_id, occurred_at, recorded_at, data, version, rank
FROM content LEFT JOIN standing USING ({key}) WHERE decided IS DISTINCT FROM 'annul'
$$
"""

_NOW: LiteralString = """
(SELECT {key}, record_id, occurred_at, recorded_at, data FROM {facts}
WHERE standing = 'active' AND data IS NOT NULL) AS fact
"""
_AT: LiteralString = "{function} (as_of, known_at) AS fact"
_EACH: LiteralString = (
    "CROSS JOIN LATERAL jsonb_array_elements(fact.data -> {each}) AS items (item)"
)
_SELECT: LiteralString = "SELECT {columns} FROM {source} {each}"
_VIEW: LiteralString = "CREATE VIEW {name} AS {select}"
_FUNCTION: LiteralString = """
CREATE FUNCTION {name} (as_of timestamptz, known_at timestamptz) RETURNS SETOF {view}
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog SET jit = off ROWS 1000000
AS $$ {select} $$
"""
# Compiling takes longer than it saves: a second and a half before the first row of few.

_CASTS: Mapping[str, LiteralString] = {
    "text": "{value}",
    "date": "registry.iso_date({value})",
    "numeric": "({value})::numeric",
    "bigint": "({value})::bigint",
    "boolean": "({value})::boolean",
    "jsonb": "{value}",
    "timestamp with time zone": "registry.iso_instant({value})",
}

_ORIGIN: LiteralString = """
fact.ministry AS source, replace(fact.record_id::text, '-', '') AS record_id,
fact.occurred_at, fact.recorded_at
"""

_SIGNATURE = """
SELECT obj_description(oid, 'pg_namespace') AS signature FROM pg_namespace WHERE nspname = %s
"""

# Views of others that are built on ours.
_DEPENDENTS = """
SELECT DISTINCT theirs.oid::regclass::text AS name FROM pg_depend d
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class theirs ON theirs.oid = r.ev_class
JOIN pg_class ours ON d.refclassid = 'pg_class'::regclass AND ours.oid = d.refobjid
WHERE ours.relnamespace = to_regnamespace(%s) AND theirs.relnamespace <> ours.relnamespace
"""


def sync(tx: Transaction, words: Dictionary | None = None) -> bool:
    """Make the views as the dictionary has them; tell whether anything had to be made.

    Raises ``Stop`` where views of others are built on ours: theirs must go first.
    """
    words = words or dictionary()
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('published', 0))")
    statements = list(_statements(words))
    told = "\n".join(tx.text(statement) for statement in statements)
    signature = hashlib.sha256(told.encode()).hexdigest()
    if [row["signature"] for row in tx.rows(_SIGNATURE, [SCHEMA])] == [signature]:
        return False
    if theirs := [row["name"] for row in tx.rows(_DEPENDENTS, [SCHEMA])]:
        raise Stop(f"views that are built on published ones must be dropped first: {theirs}")
    tx.execute("DROP SCHEMA IF EXISTS published CASCADE")
    tx.execute("CREATE SCHEMA published")
    for statement in statements:
        tx.execute(statement)
    readers.give_again(tx, words)
    tx.execute(compose("COMMENT ON SCHEMA published IS {text}", text=literal(signature)))
    return True


def _statements(words: Dictionary) -> Iterator[Statement]:
    shown = [view.record for view in words.views.values() if view.record]
    for record in dict.fromkeys([*shown, *past_persons.RECORDS]):
        yield compose(
            _FACTS_AT,
            name=_facts_at(record),
            key=listed(KEY),
            facts=facts_table(record),
            history=history_table(record),
        )
    for name, view in words.views.items():
        yield compose(_VIEW, name=(SCHEMA, name), select=_select(name, view, words, at=False))
        yield from _comments(name, view)
        if view.historic:
            yield compose(
                _FUNCTION,
                name=(SCHEMA, f"{name}_at"),
                view=(SCHEMA, name),
                select=_select(name, view, words, at=True),
            )
    yield from readings.statements(words)


def _select(name: str, view: View, words: Dictionary, *, at: bool) -> Part:
    if name == "persons" and at:
        return past_persons.select(assumed())
    if view.record is None:
        shown = {other: _shown(other, at=at) for other in words.views}
        return compose(OVER_VIEWS[name], **shown, smallest=literal(str(words.smallest_cell)))
    if at:
        source = compose(_AT, function=_facts_at(view.record))
    else:
        source = compose(_NOW, key=listed(KEY), facts=facts_table(view.record))
    columns = [_column(column_name, column) for column_name, column in view.columns.items()]
    each = compose(_EACH, each=literal(view.each)) if view.each else compose("")
    origin = compose(_ORIGIN)
    return compose(_SELECT, columns=listed([*columns, origin]), source=source, each=each)


def _shown(name: str, *, at: bool) -> Part:
    if at:
        return compose("{name} (as_of, known_at)", name=(SCHEMA, f"{name}_at"))
    return compose("{name}", name=(SCHEMA, name))


def _facts_at(record: str) -> tuple[str, str]:
    return SCHEMA, f"{record}_facts_at"


def _column(name: str, column: Column) -> Part:
    if column.path is None:
        raise Stop(f"dictionary.toml: {name} needs a path")
    first, *rest = column.path.split(".")
    value = compose("item") if first == "item" else compose("fact.data")
    steps = rest if first == "item" else [first, *rest]
    for step in steps[:-1]:
        value = compose("{value} -> {step}", value=value, step=literal(step))
    last: LiteralString = "{value} -> {step}" if column.type == "jsonb" else "{value} ->> {step}"
    value = compose(last, value=value, step=literal(steps[-1]))
    cast = compose(_CASTS[column.type], value=value)
    return compose("{cast} AS {name}", cast=cast, name=name)


def _comments(name: str, view: View) -> Iterator[Statement]:
    about = f"{view.az} | {view.en} ({view.clause})"
    yield compose("COMMENT ON VIEW {name} IS {text}", name=(SCHEMA, name), text=literal(about))
    for column, words in columns_of(view).items():
        yield compose(
            "COMMENT ON COLUMN {name} IS {text}",
            name=(SCHEMA, name, column),
            text=literal(f"{words.az} | {words.en}"),
        )
