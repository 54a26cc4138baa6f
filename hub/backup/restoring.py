"""Restoring a backup: into a scratch database to see that it is good, or for life."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.backup import manifest as manifests
from hub.backup.contents import differences, look, schemas
from hub.backup.encryption import FileKey
from hub.backup.manifest import DATABASE, ENCRYPTED, Manifest
from hub.delivery import recall, standings
from hub.delivery.governance import Ground
from hub.delivery.grant import Standing
from hub.delivery.standings import Line
from hub.evidence import audit, backups
from hub.evidence.audit import Act
from hub.evidence.backups import Backup, Event
from hub.evidence.chain.verifying import verify as verify_chain
from hub.store.database import Database, Transaction, as_json
from hub.store.dump import Programs
from hub.store.scratch import scratch_database
from schemas.errors import Stop

_GAP = 1_000_000
_REASON = "restored from a backup: what was decided after it is not known here"

_EMPTY = "SELECT to_regnamespace('evidence') IS NULL AS empty"
_OTHERS = """
SELECT DISTINCT application_name AS name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'qovsaq %%'
  AND pid <> pg_backend_pid() ORDER BY 1
"""
_NUMBERS_ON = """
SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass,
              coalesce(last_value, 0) + %s) AS reached
FROM pg_sequences WHERE schemaname IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""
_OWNERS_ALONE = """
DO $$ DECLARE function regprocedure; BEGIN
    FOR function IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE (p.prosecdef OR n.nspname = 'agency') AND n.nspname <> 'published'
          AND NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema' LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function);
    END LOOP;
END $$
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a restored copy is: ``faults`` names what is not as it was; ``chained`` rows agree."""

    faults: Sequence[str]
    rows: int
    chained: int

    @property
    def good(self) -> bool:
        """Whether the copy is what was backed up, and in itself sound."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Dump:
    """The database of a backup: the folder, and the key where it is encrypted."""

    folder: Path
    key: FileKey | None = None

    def fill(self, url: str, programs: Programs) -> None:
        """Fill an empty database; raises ``Stop`` where the file is not what was encrypted.

        An encrypted file is read twice: nothing of one that is not whole comes near a database.
        """
        if self.key is None:
            programs.restore(url, self.folder / DATABASE)
            return
        path = self.folder / ENCRYPTED
        for _ in self.key.decrypt(path):
            pass
        programs.restore_from(url, self.key.decrypt(path))


def try_out(url: str, dump: Dump, manifest: Manifest, programs: Programs, now: datetime) -> Verdict:
    """Restore into a scratch database on the server of ``url`` and hold it against the manifest."""
    name = f"qovsaq_verify_{uuid.uuid4().hex[:12]}"
    with scratch_database(url, name) as scratch:
        dump.fill(scratch, programs)
        return examine(scratch, manifest, now)


def examine(url: str, manifest: Manifest, now: datetime) -> Verdict:
    """Hold a restored database against the manifest; the ledger must balance, the chain hold."""
    database = Database(url, application_name="qovsaq restore")
    try:
        with database.transaction() as tx:
            found = look(tx, now)
        with database.transaction() as tx:
            report = verify_chain(tx)
    finally:
        database.close()
    faults = list(differences(manifest.contents, found))
    faults += [f"chain: {fault.place}: {fault.text}" for fault in report.faults]
    return Verdict(faults, sum(found.tables.values()), report.rows)


def restore(url: str, dump: Dump, programs: Programs) -> None:
    """Fill the empty database of ``url``; raise ``Stop`` where it is not empty or is in use."""
    database = Database(url, application_name="qovsaq restore")
    try:
        with database.transaction() as tx:
            (found,) = tx.rows(_EMPTY)
            others = [row["name"] for row in tx.rows(_OTHERS)]
    finally:
        database.close()
    if others:
        raise Stop(f"stop the hub first, its processes are connected: {', '.join(others[:5])}")
    if not found["empty"]:
        raise Stop(
            "the database is not empty, and nothing is written over: rename it (ALTER DATABASE … "
            "RENAME TO …), create an empty one, and run this again"
        )
    dump.fill(url, programs)


def put_in_order(
    tx: Transaction, folder: Path, manifest: Manifest, by: str, now: datetime, *, grants_stand: bool
) -> list[str]:
    """Make a restored database fit to go on from, as docs/adr/0017 says; name suspended grants.

    Numbers given after the backup are not given again. Unless ``grants_stand``, every grant in
    force is suspended: it may have been restricted since, and nobody here can know.
    """
    tx.rows(_NUMBERS_ON, [_GAP, as_json(schemas(tx))])
    tx.execute(_OWNERS_ALONE)
    suspended = [] if grants_stand else _suspend(tx, by, now)
    known = Backup(
        manifest.backup,
        manifest.taken_at,
        manifest.size,
        manifests.digest_of(folder),
        verified=True,
    )
    backups.note(tx, Event.RESTORED, known, by, now)
    return suspended


def _suspend(tx: Transaction, by: str, now: datetime) -> list[str]:
    standing = [row for row in standings.listed(tx) if row["standing"] == Standing.IN_FORCE]
    for row in standing:
        line = Line(
            row["grant_id"], row["version_in_force"], Standing.SUSPENDED, Ground.OTHER, _REASON, by
        )
        standings.enter(tx, line, now)
        recall.request(tx, row["subscriber"], now, recall=True)
        detail = {"version": row["version_in_force"]}
        act = Act(by, "grant-suspended", f"grant:{row['grant_id']}", _REASON, detail)
        audit.record(tx, act, now)
    return [row["grant_id"] for row in standing]
