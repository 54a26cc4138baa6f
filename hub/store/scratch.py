"""A database beside another one, for as long as something is tried in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg import errors, sql

from schemas.errors import Stop, Unavailable


@contextmanager
def scratch_database(url: str, name: str) -> Iterator[str]:
    """Create an empty database on the server of ``url``, yield its URL, and drop it at the end.

    Raises ``Unavailable`` where the server does not answer, ``Stop`` where the role may not
    create databases.
    """
    _run(url, "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name)
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _run(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _run(url: str, statement: LiteralString, name: str) -> None:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    except errors.InsufficientPrivilege:
        raise Stop(
            "the database role may not create a scratch database: ALTER ROLE … CREATEDB"
        ) from None
    except psycopg.OperationalError as error:
        text = error.diag.message_primary or type(error).__name__
        raise Unavailable(f"database: {text}") from None
