"""Encrypting the dump for a key that is elsewhere (docs/adr/0019).

Whoever makes backups needs the recipient's public key alone (X25519, PEM); what was made opens with
the private key. A file is ``HEADER`` (what it is, an ephemeral public key, the recipient's), then
pieces of 1 MiB, each encrypted by itself (AES-256-GCM). The key of a file is derived (HKDF-SHA256)
from both keys and the id of its backup. The nonce of a piece is its number and whether it is the
last: pieces that were changed, moved, left out, cut off or added are found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from schemas.errors import Stop

PIECE = 1 << 20
TAG = 16
_MAGIC = b"qovsaq-backup-1\n"
_RAW = 32
HEADER = len(_MAGIC) + 2 * _RAW
_HOW = "`openssl genpkey -algorithm x25519`"


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of one file. Whoever encrypted with it can open the file without the private key."""

    header: bytes
    recipient: str
    _aead: AESGCM

    def encrypt(self, plain: BinaryIO, path: Path) -> None:
        """Write ``plain`` to a new file, encrypted, holding two pieces at a time."""
        with path.open("xb") as file:
            file.write(self.header)
            number, piece, more = 0, plain.read(PIECE), plain.read(PIECE)
            while more:
                file.write(self._aead.encrypt(_nonce(number, last=False), piece, None))
                number, piece, more = number + 1, more, plain.read(PIECE)
            file.write(self._aead.encrypt(_nonce(number, last=True), piece, None))

    def decrypt(self, path: Path) -> Iterator[bytes]:
        """Yield what was encrypted, piece by piece, each authentic.

        Raises ``Stop`` where the file was changed, or is not all there: what came before is then
        a part of something, and must not be used.
        """
        with path.open("rb") as file:
            if file.read(HEADER) != self.header:
                raise Stop(f"{path.name}: not the file this key is for")
            number, piece, more = 0, *_two(file)
            while more:
                yield self._opened(path, piece, number, last=False)
                number, piece, more = number + 1, more, file.read(PIECE + TAG)
            yield self._opened(path, piece, number, last=True)

    def _opened(self, path: Path, piece: bytes, number: int, *, last: bool) -> bytes:
        try:
            return self._aead.decrypt(_nonce(number, last=last), piece, None)
        except InvalidTag:
            raise Stop(f"{path.name}: changed or cut off, in MiB {number + 1}") from None


def encrypting(recipient: X25519PublicKey, backup: UUID) -> FileKey:
    """Make up the key of a new file of this backup."""
    ephemeral = X25519PrivateKey.generate()
    theirs = recipient.public_bytes_raw()
    header = _MAGIC + ephemeral.public_key().public_bytes_raw() + theirs
    return _file_key(ephemeral, recipient, header, theirs, backup)


def opening(path: Path, private: X25519PrivateKey, backup: UUID) -> FileKey:
    """Find the key of a file of this backup; raise ``Stop`` where the private key is another's."""
    with path.open("rb") as file:
        header = file.read(HEADER)
    if len(header) != HEADER or not header.startswith(_MAGIC):
        raise Stop(f"{path.name}: not an encrypted dump")
    theirs, ours = header[-_RAW:], private.public_key().public_bytes_raw()
    if theirs != ours:
        raise Stop(
            f"{path.name}: encrypted for the key {_name(theirs)}, and this is the key {_name(ours)}"
        )
    ephemeral = X25519PublicKey.from_public_bytes(header[len(_MAGIC) : -_RAW])
    return _file_key(private, ephemeral, header, theirs, backup)


def read_recipient(path: Path) -> X25519PublicKey:
    """Read a public key (PEM); raise ``Stop`` if it is none."""
    try:
        key = load_pem_public_key(_content(path))
    except (ValueError, UnsupportedAlgorithm):
        raise Stop(f"{path.name}: no public key in PEM; `openssl pkey -pubout` of yours") from None
    if not isinstance(key, X25519PublicKey):
        raise Stop(f"{path.name}: not an X25519 key; {_HOW}")
    return key


def read_private_key(path: Path) -> X25519PrivateKey:
    """Read a private key (PEM, not encrypted); raise ``Stop`` if it is none."""
    try:
        key = load_pem_private_key(_content(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Stop(f"{path.name}: no private key in PEM without a password") from None
    if not isinstance(key, X25519PrivateKey):
        raise Stop(f"{path.name}: not an X25519 key; {_HOW}")
    return key


def _file_key(
    private: X25519PrivateKey, public: X25519PublicKey, header: bytes, theirs: bytes, backup: UUID
) -> FileKey:
    try:
        shared = private.exchange(public)
    except ValueError:
        raise Stop("not a key that anything can be encrypted for") from None
    derived = HKDF(SHA256(), 32, salt=header, info=b"database of backup " + backup.bytes)
    return FileKey(header, _name(theirs), AESGCM(derived.derive(shared)))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Stop(f"{path.name}: {error.strerror}") from None


def _two(file: BinaryIO) -> tuple[bytes, bytes]:
    return file.read(PIECE + TAG), file.read(PIECE + TAG)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
