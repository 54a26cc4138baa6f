"""A PostgreSQL for tests: the configured one, else the local one, else one started for the run.

Configured as ``private`` it is one started for the run in any case: it may be faster than one that
has to survive a power cut, because it does not wait for the disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from hub.embedded import embedded_postgres
from schemas.errors import Stop
from tests.support.servers import NoServer, find_program, wait_until

PRIVATE = "private"
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
_SHARED, _ROOM = Path("/dev/shm"), 4 * 1024**3
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")


@dataclass(frozen=True)
class PostgresServer:
    """A server on which tests create and drop databases; ``url`` is its maintenance database.

    ``unsynced`` is a server that does not wait for the disk: there copying files is many times
    faster than writing a copy to the log, elsewhere it is slower.
    """

    url: str
    unsynced: bool = False

    def create(self, name: str, template: str = "template1") -> str:
        """Create a database and return its URL."""
        strategy = "FILE_COPY" if self.unsynced else "WAL_LOG"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY {}", name, template, strategy)
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
    if configured == PRIVATE:
        with running_private_postgres() as server:
            yield PostgresServer(server.url, unsynced=True)
    elif configured:
        if not _answers(configured):
            raise NoServer("QOVSAQ_TEST_DATABASE_URL is set but no PostgreSQL answers there")
        yield PostgresServer(configured)
    elif _answers(LOCAL):
        yield PostgresServer(LOCAL)
    elif find_program("initdb", _FOLDERS):
        with running_private_postgres() as server:
            yield PostgresServer(server.url, unsynced=True)
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


class PrivatePostgres:
    """A server of our own on a unix socket, which a test may kill and start again on its data.

    It refuses root, hence the change of user. ``synced`` is one that waits for its disk.
    ``settings`` are those that are not as they come.
    """

    def __init__(
        self,
        folder: Path,
        programs: Path,
        *,
        synced: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._synced = synced
        self._settings = settings or {}
        self._folder = folder
        self._programs = programs
        self._user = _owner() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        if self._user:
            shutil.chown(folder, self._user)
        create: list[str | Path] = [programs / "initdb", "-D", folder / "data", "-U", "postgres"]
        create += ["-N", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(create, check=True, capture_output=True, user=self._user, cwd=folder)

    @property
    def folder(self) -> Path:
        """Where its data and its log are."""
        return self._folder

    def start(self) -> None:
        """Start it and return when it lets clients in."""
        # Neither -F nor -N gives up anything a test can observe: no test cuts the machine's power.
        serve: list[str | Path] = [self._programs / "postgres", "-D", self._folder / "data"]
        serve += ["-k", self._folder, "-c", "listen_addresses=", *([] if self._synced else ["-F"])]
        for name, value in self._settings.items():
            serve += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                serve,
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self._folder,
                start_new_session=True,
            )
        wait_until(lambda: _answers(self.url), 120, "the private PostgreSQL")

    def stop(self) -> None:
        """Shut it down fast: clients are sent away (SIGINT)."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill it with all its backends (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
            self._process.wait(120)


@contextmanager
def running_private_postgres(
    *, synced: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[PrivatePostgres]:
    """Yield a started server of our own; raise ``NoServer`` if PostgreSQL is not installed."""
    initdb = find_program("initdb", _FOLDERS)
    if initdb is None:
        raise NoServer("initdb is not installed on this machine")
    folder = Path(tempfile.mkdtemp(prefix="qovsaq-pg-", dir=None if synced else _memory()))
    try:
        programs = Path(initdb).resolve().parent
        server = PrivatePostgres(folder, programs, synced=synced, settings=settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """Name a file system in memory with room, for a server that need not survive anything.

    ext4 passes over each inode that was deleted within seconds: where databases come and go by
    hundreds of files, most of a run's time went there.
    """
    if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free >= _ROOM:
        return _SHARED
    return None


def _owner() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
