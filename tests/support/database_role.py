"""A role as the hub runs under it in a deployment: it owns nothing, and has what it was granted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from hub.store import rights
from hub.store.database import Database

_PASSWORD = "test"


@contextmanager
def hub_role(owner_url: str) -> Iterator[str]:
    """Yield a role that was granted what the hub needs in the database of ``owner_url``."""
    role = f"qovsaq_test_{uuid.uuid4().hex[:12]}"
    make, unmake = "CREATE ROLE {} LOGIN PASSWORD {}", "DROP OWNED BY {0}; DROP ROLE {0}"
    _run(owner_url, sql.SQL(make).format(sql.Identifier(role), sql.Literal(_PASSWORD)))
    try:
        owner = Database(owner_url)
        with owner.transaction() as tx:
            rights.grant(tx, role)
        owner.close()
        yield role
    finally:
        _run(owner_url, sql.SQL(unmake).format(sql.Identifier(role)))


def url_as(role: str, url: str) -> str:
    """The same database, as another role."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}:{_PASSWORD}@{address}").geturl()


def _run(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
