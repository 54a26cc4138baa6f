"""Anchors: signed statements of how the chain stood, kept where the hub's database is not.

Whoever can write to the database can cut the chain's end off, or compute all of it anew, and
nothing inside would tell. An anchor outside does. A file of anchors has one JSON object per line;
signed (Ed25519) is the text ``qovsaq-anchor-1``, link, hash and time, each ended by a line feed.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.evidence.chain import links
from hub.evidence.chain.link import Link
from hub.evidence.chain.verifying import Fault, Wrong
from hub.store.database import Transaction
from schemas.errors import Stop

_FORM = "qovsaq-anchor-1"


class Anchor(BaseModel):
    """How the chain stood at a moment (aware): the number and the hash (hex) of its last link.

    ``key`` is the key's id: the first 16 hex digits of the SHA-256 of the raw public key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    link: int = Field(ge=1)
    hash: str = Field(pattern="^[0-9a-f]{64}$")
    at: AwareDatetime
    key: str = Field(pattern="^[0-9a-f]{16}$")
    signature: str = Field(max_length=100)

    @property
    def signed(self) -> bytes:
        """The bytes that are signed."""
        at = self.at.astimezone(UTC).isoformat()
        return f"{_FORM}\n{self.link}\n{self.hash}\n{at}\n".encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """Holds the private key."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The key by which its anchors are verified."""
        return self.key.public_key()

    def sign(self, head: Link, now: datetime) -> Anchor:
        """State the chain as it stands."""
        bare = Anchor(
            link=head.number,
            hash=head.hash.hex(),
            at=now,
            key=key_id(self.public_key),
            signature="",
        )
        signature = base64.b64encode(self.key.sign(bare.signed)).decode()
        return bare.model_copy(update={"signature": signature})


def read_signer(path: Path) -> Signer:
    """Read an Ed25519 private key (PEM, not encrypted); raise ``Stop`` if it is none."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise Stop(f"{path.name}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Stop(f"{path.name}: no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Stop(f"{path.name}: not an Ed25519 key; `openssl genpkey -algorithm ed25519`")
    return Signer(key)


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Read an Ed25519 public key (PEM); raise ``Stop`` if it is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise Stop(f"{path.name}: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Stop(f"{path.name}: no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise Stop(f"{path.name}: not an Ed25519 key")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Name a key by a part of its hash."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def read(path: Path) -> list[Anchor]:
    """Read a file of anchors; raise ``Stop`` naming the line that is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise Stop(f"{path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Stop(f"{path.name}: not UTF-8") from None
    return [_parsed(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def append(path: Path, anchor: Anchor) -> None:
    """Write an anchor behind those a file holds; it is on the disk when this returns."""
    try:
        with path.open("ab") as file:
            file.write(anchor.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Stop(f"{path.name}: {error.strerror}") from None


def compare(
    tx: Transaction, anchors: Sequence[Anchor], keys: Sequence[Ed25519PublicKey]
) -> Iterator[Fault]:
    """Yield where the chain is not what anchors say, and anchors that none of the keys signed."""
    agreed = 0
    for anchor in sorted(anchors, key=lambda each: (each.link, each.at)):
        place, when = f"link {anchor.link}", f"{anchor.at:%Y-%m-%d %H:%M:%S %Z}"
        if not any(genuine(anchor, key) for key in keys):
            yield Fault(Wrong.UNSIGNED, place, f"the anchor of {when} is not signed by a known key")
            continue
        link = links.at(tx, anchor.link)
        if link is None:
            last = links.head(tx)
            end = f"link {last.number}" if last else "nothing"
            yield Fault(Wrong.TRUNCATED, place, f"known to the anchor of {when}; {end} is the last")
        elif link.hash.hex() != anchor.hash:
            since = f"between link {agreed + 1} and link {anchor.link}"
            yield Fault(Wrong.RECOMPUTED, place, f"not as anchored {when}: made anew {since}")
        else:
            agreed = anchor.link


def genuine(anchor: Anchor, key: Ed25519PublicKey) -> bool:
    """Tell whether this key signed an anchor."""
    try:
        key.verify(base64.b64decode(anchor.signature, validate=True), anchor.signed)
    except (InvalidSignature, ValueError):
        return False
    return anchor.key == key_id(key)


def _parsed(path: Path, number: int, line: str) -> Anchor:
    try:
        return Anchor.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Stop(f"{path.name}, line {number}: {field or 'not an anchor'}") from None
