"""Key files of somebody who signs anchors, or restores backups."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


class KeyPair(NamedTuple):
    """PEM files of one key."""

    private: Path
    public: Path


def new_pair(
    folder: Path,
    name: str = "audit",
    kind: type[Ed25519PrivateKey | X25519PrivateKey] = Ed25519PrivateKey,
) -> KeyPair:
    """Write the files that ``openssl genpkey`` and ``openssl pkey -pubout`` write."""
    key = kind.generate()
    pair = KeyPair(folder / f"{name}.pem", folder / f"{name}.pub.pem")
    pair.private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pair.public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return pair
