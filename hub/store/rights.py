"""The rights of the role that the hub runs as, derived from what its tables forbid.

A table whose trigger forbids a change (``evidence.forbid_change``) gives no right to it either;
where only some columns may not be updated, the right is to the others. Histories of the registry
are only ever added to. Nobody gets the right to truncate. So a process of the hub, or whoever
takes one over, cannot change evidence, nor take the triggers off: it owns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.store.database import Row, Transaction, as_json
from hub.store.statements import Composed, compose, listed
from schemas.errors import Stop

_ROLE = """
SELECT r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER') AS mighty
FROM pg_roles r, pg_class c
WHERE r.rolname = %s AND c.oid = 'evidence.audit'::regclass
"""

_SCHEMAS = """
SELECT nspname AS name FROM pg_namespace
WHERE nspowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'evidence')
  AND nspname <> 'public' AND nspname <> 'information_schema' AND NOT starts_with(nspname, 'pg_')
"""

# Of tgtype: 8 is DELETE, 16 is UPDATE. ``sealed`` are the columns of an UPDATE OF; none: all are.
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'v' AS is_view,
    coalesce(bool_or(t.tgtype & 8 <> 0), false) AS keeps_rows,
    coalesce(bool_or(t.tgtype & 16 <> 0), false) AS keeps_columns,
    array(SELECT a.attname FROM pg_trigger s JOIN pg_attribute a ON a.attrelid = s.tgrelid
          WHERE s.tgrelid = c.oid AND a.attnum = ANY (s.tgattr)
            AND s.tgfoid = 'evidence.forbid_change()'::regprocedure) AS sealed,
    array(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid
            AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
    AND t.tgfoid = 'evidence.forbid_change()'::regprocedure
WHERE n.nspname IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
  AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
GROUP BY n.nspname, c.relname, c.relkind, c.oid
ORDER BY n.nspname, c.relname
"""


# A right to a table may come by membership in another role, or be everybody's.
_READABLE = """
SELECT c.oid::regclass::text AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
  AND c.relkind IN ('r', 'p', 'v', 'm') AND has_any_column_privilege(%s, c.oid, 'SELECT')
  AND has_schema_privilege(%s, n.oid, 'USAGE')
ORDER BY 1 LIMIT 1
"""


def exists(tx: Transaction, role: str) -> bool:
    """Tell whether there is such a role."""
    return bool(tx.rows(_ROLE, [role]))


def held_back(tx: Transaction, role: str) -> None:
    """See that a role can read none of the hub's tables and views, by any way.

    Raises ``Stop`` where it can, or there is no such role.
    """
    _checked(tx, role)
    names = [row["name"] for row in tx.rows(_SCHEMAS)]
    if found := tx.rows(_READABLE, [as_json(names), role, role]):
        raise Stop(f"the role reads {found[0]['name']} itself: take that right from it first")


def grant(tx: Transaction, role: str) -> None:
    """Give a role what the hub needs, and take away whatever else it had in these schemas.

    Raises ``Stop`` where there is no such role, or it owns the tables and cannot be held back.
    """
    _checked(tx, role)
    names = [row["name"] for row in tx.rows(_SCHEMAS)]
    for name in names:
        for statement in _in_schema(name, role):
            tx.execute(statement)
    for table in tx.rows(_TABLES, [as_json(names)]):
        tx.execute(_on_table(table, role))
    tx.execute(compose("GRANT SELECT ON public.schema_version TO {role}", role=role))


def _checked(tx: Transaction, role: str) -> None:
    found = tx.rows(_ROLE, [role])
    if not found:
        raise Stop("there is no such role in the database: CREATE ROLE … LOGIN, then again")
    if found[0]["mighty"]:
        raise Stop("the role owns the tables, or is a superuser: nothing can be kept from it")


def _in_schema(name: str, role: str) -> Iterator[Composed]:
    parts = {"schema": name, "role": role}
    yield compose("GRANT USAGE ON SCHEMA {schema} TO {role}", **parts)
    yield compose("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}", **parts)
    yield compose("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}", **parts)
    yield compose("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}", **parts)


def _on_table(table: Row, role: str) -> Composed:
    rights = [compose("SELECT")] if table["is_view"] else list(_rights(table))
    name = (table["schema"], table["name"])
    return compose(
        "GRANT {rights} ON {table} TO {role}", rights=listed(rights), table=name, role=role
    )


def _rights(table: Row) -> Iterator[Composed]:
    yield compose("SELECT")
    yield compose("INSERT")
    if table["schema"] == "registry" and table["name"].endswith("_history"):
        return
    if not table["keeps_rows"]:
        yield compose("DELETE")
    free = [column for column in table["columns"] if column not in table["sealed"]]
    if not table["keeps_columns"]:
        yield compose("UPDATE")
    elif table["sealed"]:
        yield compose("UPDATE ({columns})", columns=listed(free))
