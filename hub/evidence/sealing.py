"""Sealing: bodies are compressed and, where there is a file of keys, encrypted (AES-256-GCM).

The file has one key per line, ``<id> <Base64 of 32 bytes>``, oldest first. The last one seals; all
of them open. A key is taken out of use by a newer line below it, and what it sealed is destroyed
by putting ``<id> destroyed`` in its place: nobody can read those bodies again, in backups neither.

A sealed body is 12 random bytes and the cipher text of the compressed body. What it belongs to
(``journal:17``) is authenticated with it: it cannot pass for the body of another row.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import Stop

_LEVEL = 1  # the fastest: bodies are small and CPU is what intake is short of
_PAYS_FROM = 1024
"""Bytes below which zlib only frames a body: to shorten 525 of them to 355 took 20 µs, this 1."""

_NONCE = 12
_KEY_BYTES = 32
_LINE = re.compile(r"([\w.-]{1,64})\s+(\S+)", re.ASCII)
_DESTROYED = "destroyed"


class Capsule(NamedTuple):
    """A body as it is stored; without ``key_id`` it is compressed only."""

    key_id: str | None
    content: bytes

    def as_row(self) -> dict[str, str | None]:
        """Render the columns ``key_id`` and ``body`` (Base64) of a batch."""
        return {"key_id": self.key_id, "body": base64.b64encode(self.content).decode()}


class KeyDestroyed(Exception):
    """What the key sealed is gone, as somebody meant it to be."""


@dataclass(slots=True)
class Keyring:
    """Seals and opens. Without a file it compresses; ``Stop`` is raised for a file that is none."""

    path: Path | None = None
    _keys: Mapping[str, AESGCM | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._keys = _read(self.path) if self.path else {}

    @property
    def newest(self) -> str | None:
        """Id of the key that seals; None where bodies are only compressed."""
        usable = [key_id for key_id, key in self._keys.items() if key]
        return usable[-1] if usable else None

    def seal(self, body: bytes, belongs_to: str) -> Capsule:
        """Seal a body for the row that ``belongs_to`` names."""
        compressed = zlib.compress(body, _LEVEL if len(body) >= _PAYS_FROM else 0)
        key_id = self.newest
        key = self._keys[key_id] if key_id else None
        if key is None:
            return Capsule(None, compressed)
        nonce = os.urandom(_NONCE)
        return Capsule(key_id, nonce + key.encrypt(nonce, compressed, belongs_to.encode()))

    def open(self, capsule: Capsule, belongs_to: str) -> bytes:
        """Give back the bytes that were sealed.

        Raises ``KeyDestroyed``, and ``Stop`` where the key is not in the file or the content was
        not sealed for this row.
        """
        if capsule.key_id is None:
            return zlib.decompress(capsule.content)
        key = self._key(capsule.key_id)
        nonce, content = capsule.content[:_NONCE], capsule.content[_NONCE:]
        try:
            return zlib.decompress(key.decrypt(nonce, content, belongs_to.encode()))
        except InvalidTag:
            raise Stop(f"{belongs_to}: sealed for something else, or not with this key") from None

    def _key(self, key_id: str) -> AESGCM:
        if key_id not in self._keys and self.path:
            self._keys = _read(self.path)  # another process may have begun to use a new key
        if key_id not in self._keys:
            raise Stop(f"QOVSAQ_EVIDENCE__SEALING_KEYS: no key {key_id}, which sealed bodies")
        key = self._keys[key_id]
        if key is None:
            raise KeyDestroyed(key_id)
        return key


def _read(path: Path) -> dict[str, AESGCM | None]:
    try:
        lines = path.read_text("ascii").splitlines()
    except OSError as error:
        raise Stop(f"{path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Stop(f"{path.name}: not ASCII") from None
    keys: dict[str, AESGCM | None] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            key_id, key = _parsed(line.strip(), f"{path.name}, line {number}")
            if key_id in keys:
                raise Stop(f"{path.name}, line {number}: a second key of that id")
            keys[key_id] = key
    if not any(keys.values()):
        raise Stop(f"{path.name}: no key to seal with")
    return keys


def _parsed(line: str, place: str) -> tuple[str, AESGCM | None]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Stop(f"{place}: not an id and a key")
    key_id, text = found.groups()
    if text == _DESTROYED:
        return key_id, None
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Stop(f"{place}: the key is not Base64") from None
    if len(raw) != _KEY_BYTES:
        raise Stop(f"{place}: the key has not {_KEY_BYTES} bytes")
    return key_id, AESGCM(raw)
