"""A PostgreSQL for tests: the configured one, else the local one, else one started for the run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from hub.embedded import embedded_postgres
from schemas.errors import Stop
from tests.support.servers import NoServer, find_program, wait_until

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")


@dataclass(frozen=True)
class PostgresServer:
    """A server on which tests create and drop databases; ``url`` is its maintenance database."""

    url: str

    def create(self, name: str, template: str = "template1") -> str:
        """Create a database and return its URL."""
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop(self, name: str) -> None:
        """Drop a database, closing whatever a test left connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        identifiers = [sql.Identifier(name) for name in names]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*identifiers))


@contextmanager
def running_postgres(configured: str | None) -> Iterator[PostgresServer]:
    """Yield a server; raise ``NoServer`` if there is none. A started one is stopped at the end."""
    if configured:
        if not _answers(configured):
            raise NoServer("QOVSAQ_TEST_DATABASE_URL is set but no PostgreSQL answers there")
        yield PostgresServer(configured)
    elif _answers(LOCAL):
        yield PostgresServer(LOCAL)
    elif initdb := find_program("initdb", _FOLDERS):
        with _private(Path(initdb).resolve().parent) as url:
            yield PostgresServer(url)
    else:
        try:
            with embedded_postgres() as url:
                yield PostgresServer(url)
        except Stop as error:
            raise NoServer(f"none configured, none local, no initdb; {error}") from None


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _private(programs: Path) -> Iterator[str]:
    """Run a server of our own on a unix socket; it refuses root, hence the change of user."""
    folder = Path(tempfile.mkdtemp(prefix="qovsaq-pg-"))
    user = _owner() if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    create: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-N"]
    create += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    # Neither -F nor -N gives up anything a test can observe: no test cuts the machine's power.
    serve: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, "-F"]
    serve += ["-c", "listen_addresses="]
    url = f"postgresql://postgres@/postgres?host={folder}"
    try:
        subprocess.run(create, check=True, capture_output=True, user=user, cwd=folder)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log, user=user, cwd=folder)
        try:
            wait_until(lambda: _answers(url), 30, "the private PostgreSQL")
            yield url
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
