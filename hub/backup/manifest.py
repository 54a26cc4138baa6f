"""The manifest of a backup: what it is of, what it holds, and the checksum of every file."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.backup.contents import Contents
from schemas.errors import Stop

NAME = "manifest.json"
DATABASE = "database.dump"
ENCRYPTED = "database.dump.encrypted"
SETTINGS = "settings.toml"
SECRETS = "secrets.sealed"
TOPOLOGY = "topology.json"

_CHUNK = 1 << 20
_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class FileEntry(_Part):
    """A file of the backup: its size and its SHA-256 (hex)."""

    bytes: int = Field(ge=0)
    sha256: _Digest


class Manifest(_Part):
    """What a backup says of itself. Times are aware.

    ``taken_at`` is the moment the database is shown at; ``repeat_from`` from which time on each
    ministry repeats what it published, after a restore. ``left_out`` names settings with secrets
    that are not in the backup; ``sealed_with`` is the id of the key that sealed those that are,
    ``encrypted_for`` that of the key that opens the database.
    """

    format: int = Field(1, ge=1, le=1)
    backup: UUID
    taken_at: AwareDatetime
    release: str
    postgresql: int
    schema_version: str
    files: dict[str, FileEntry]
    tables: dict[str, int]
    ledger: dict[str, dict[str, int]]
    unaccounted: int
    links: int
    head: _Digest | None
    repeat_from: dict[str, AwareDatetime]
    left_out: tuple[str, ...]
    sealed_with: str | None
    encrypted_for: str | None = None

    @property
    def database(self) -> str:
        """The name of the file that the database is in."""
        return ENCRYPTED if self.encrypted_for else DATABASE

    @property
    def contents(self) -> Contents:
        """What the restored database must hold."""
        return Contents(self.tables, self.ledger, self.unaccounted, self.links, self.head)

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.bytes for entry in self.files.values())


def described(path: Path) -> FileEntry:
    """Measure a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
    return FileEntry(bytes=size, sha256=digest.hexdigest())


def write(folder: Path, manifest: Manifest) -> str:
    """Write the manifest, last of all files, and return its SHA-256 (hex)."""
    path = folder / NAME
    path.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return described(path).sha256


def read(folder: Path) -> Manifest:
    """Read the manifest and hold every file against it; raise ``Stop`` naming what is wrong."""
    try:
        manifest = Manifest.model_validate_json((folder / NAME).read_bytes())
    except OSError as error:
        raise Stop(
            f"{folder / NAME}: {error.strerror}; a backup is complete when it has one"
        ) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Stop(f"{NAME}: {place or 'not JSON'}: not the manifest of a backup") from None
    for name, entry in manifest.files.items():
        path = folder / name
        if path.parent != folder or not path.is_file():
            raise Stop(f"{name}: named in the manifest and not there")
        if described(path) != entry:
            raise Stop(f"{name}: not the file that the manifest describes (its checksum differs)")
    if manifest.database not in manifest.files:
        raise Stop(f"{NAME}: names no {manifest.database}")
    return manifest


def digest_of(folder: Path) -> str:
    """The SHA-256 (hex) of the manifest itself."""
    return described(folder / NAME).sha256


def folder_name(taken_at: datetime) -> str:
    """Name the folder of a backup by its moment (UTC), so that names sort by age."""
    return f"qovsaq-{taken_at:%Y%m%dT%H%M%SZ}"
