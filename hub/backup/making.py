"""Making a backup while the hub runs.

The order is that of docs/adr/0017: what waits on the broker is counted first, then the database is
taken as of one moment. So the database is never older than what is said of the broker.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from hub.backup import manifest as manifests
from hub.backup.configuration import as_toml, configuration, seal
from hub.backup.contents import look, repeat_from
from hub.backup.encryption import FileKey, encrypting
from hub.backup.manifest import (
    DATABASE,
    ENCRYPTED,
    SECRETS,
    SETTINGS,
    TOPOLOGY,
    Manifest,
    described,
)
from hub.evidence.sealing import Keyring
from hub.settings import Settings
from hub.store.database import Database, Transaction
from hub.store.dump import Programs
from routing.topology import Topology
from schemas.errors import Stop

_SNAPSHOT = """
SELECT pg_export_snapshot() AS snapshot, (SELECT version_num FROM public.schema_version) AS schema
"""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up. ``waiting`` asks the broker for the depths of intake's queues.

    ``topology`` reads, in the transaction, what must exist on the broker. The database is encrypted
    for ``recipient`` where there is one; then it is never written in the clear.
    """

    url: str
    settings: Settings
    release: str
    waiting: Callable[[], Mapping[str, int]]
    topology: Callable[[Transaction], Topology]
    clock: Callable[[], datetime]
    recipient: X25519PublicKey | None = None


def make(source: Source, programs: Programs, folder: Path) -> tuple[Path, Manifest, FileKey | None]:
    """Make a backup in a new folder below ``folder``; return it with its manifest.

    Only its owner can read it. Where it is encrypted, its key is known until it is forgotten here.
    Raises ``Stop`` where it cannot be written or a program fails,
    ``Unavailable`` where broker or database do not answer; then no manifest is there.
    """
    waiting = source.waiting()
    now = source.clock()
    place = _place(folder / manifests.folder_name(now))
    backup = uuid.uuid4()
    key = encrypting(source.recipient, backup) if source.recipient else None
    database = Database(source.url, application_name="qovsaq backup")
    try:
        with database.transaction() as tx:
            contents = look(tx, now)
            (row,) = tx.rows(_SNAPSHOT)
            since = repeat_from(tx, waiting, now)
            _write(place / TOPOLOGY, json.dumps(asdict(source.topology(tx)), indent=1))
            _dump(source.url, row["snapshot"], programs, place, key)
    finally:
        database.close()
    left_out, sealed_with = _settings(place, source.settings, backup.hex)
    files = {path.name: described(path) for path in sorted(place.iterdir())}
    manifest = Manifest(
        backup=backup,
        taken_at=now,
        release=source.release,
        postgresql=programs.version,
        schema_version=row["schema"],
        files=files,
        repeat_from=since,
        left_out=left_out,
        sealed_with=sealed_with,
        encrypted_for=key.recipient if key else None,
        tables=dict(contents.tables),
        ledger={name: dict(states) for name, states in contents.ledger.items()},
        unaccounted=contents.unaccounted,
        links=contents.links,
        head=contents.head,
    )
    manifests.write(place, manifest)
    return place, manifest, key


def _dump(url: str, snapshot: str, programs: Programs, place: Path, key: FileKey | None) -> None:
    path = place / (ENCRYPTED if key else DATABASE)
    if key is None:
        programs.dump(url, snapshot, path)
    else:
        try:
            programs.dump_into(url, snapshot, lambda plain: key.encrypt(plain, path))
        except OSError as error:
            raise Stop(f"{path}: {error.strerror}") from None
    path.chmod(0o600)


def _settings(place: Path, settings: Settings, backup: str) -> tuple[tuple[str, ...], str | None]:
    """Write the settings; tell which secrets were left out, and the key that sealed them if not."""
    parts = configuration(settings)
    _write(place / SETTINGS, as_toml(parts.plain))
    capsule = seal(parts.secret, Keyring(settings.evidence.sealing_keys), backup)
    if capsule is None:
        return tuple(sorted(parts.secret)), None
    (place / SECRETS).write_bytes(capsule.content)
    return (), capsule.key_id


def _place(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Stop(f"{folder}: there is one already; a backup is never written over") from None
    except OSError as error:
        raise Stop(f"{folder}: {error.strerror}") from None
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
