"""The bulk path: a document of many records through ``qovsaq load``, the whole hub at work."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

from benchmarks import bare_write, promises
from benchmarks.country.files import WHOLE, Country, File
from benchmarks.disk import Disk
from benchmarks.live import Run, run_of
from benchmarks.meter import Usage
from benchmarks.servers import Servers
from benchmarks.site import Site, site
from hub.cli.ending import Exit
from hub.store.database import Database

_SLOWEST = 50
_TRIES = 10
_SETTING_OUT = 180
_STARTED = "SELECT min(started_at) AS at FROM evidence.document"

Write = Callable[[Path, int], File]


def ndjson(folder: Path, records: int) -> File:
    """A file of so many contracts."""
    path = folder / "contracts.ndjson"
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in Country().notices(range(records)))
    return File(path, "labour", "application/x-ndjson", records, due=records)


def xml(folder: Path, records: int) -> File:
    """A file of about so many records of persons, their documents and their addresses."""
    return Country(records=round(records * WHOLE / 36_050_000), slices=1).write(0, folder)[0]


def bulk(servers: Servers, write: Write, records: int, bodies: int = 3) -> tuple[Run, Run]:
    """Measure from the first chunk on the bus to the last record committed and delivered.

    Returns the run, and the bare write of the rows it left behind.
    """
    with tempfile.TemporaryDirectory(prefix="qovsaq-bench-") as folder, site(servers, bodies) as at:
        file = write(Path(folder), records)
        at.start("intake")
        disk = Disk.of(at.database_url)
        usage, ends = load(at, file, bodies)
        left = Disk.of(at.database_url).since(disk, file.records)
        memory, account = at.memory(), promises.account(at, file.records)
        began = one(at.database_url, _STARTED, "at")
        bare = bare_write.bare_write(servers, at.database_url, file.records)
    seconds = (ends.last - began).total_seconds()
    more = {
        "until_registry_records_per_s": round(
            file.records / (ends.settled - began).total_seconds(), 1
        ),
        "bytes_per_record": left,
        "delivered": account.delivered,
        "unaccounted": account.unaccounted,
    }
    run = run_of(file.records, seconds, usage, memory=memory, more=more)
    return run, bare


def load(at: Site, file: File, bodies: int) -> tuple[Usage, promises.Ends]:
    """Load a file into a hub that is at work, and wait until all of it is done."""
    meter = at.meter()
    loading = send(at, file)
    within = _SETTING_OUT + file.records / _SLOWEST
    ends = promises.wait_for(at, file.records, 0, (file.ministry,), within)
    if bodies:
        ends = promises.wait_for(at, file.records, bodies * file.due, (file.ministry,), within)
    usage = meter.stop()
    return replace(usage, cpu={"load": loading, **usage.cpu}), ends


def send(at: Site, file: File) -> float:
    """Load a file, and return the CPU seconds of the command once the broker has all of it.

    A command that gave up, for the broker or the database did not answer in time, is given again,
    as an operator would: it goes on where it stopped.
    """
    before = _of_children()
    for _ in range(_TRIES):
        status = at.load(file).wait(_SETTING_OUT + file.records / _SLOWEST)
        if status != Exit.UNAVAILABLE:
            break
    if status:
        raise RuntimeError((at.folder / "commands.log").read_text("utf-8")[-2000:])
    return _of_children() - before


def one(url: str, statement: LiteralString, column: str) -> Any:
    """Ask a database for one value."""
    database = Database(url, application_name="bench")
    try:
        with database.transaction() as tx:
            return tx.rows(statement)[0][column]
    finally:
        database.close()


def _of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
