"""An encrypted dump: what opens it, and what of it being changed is found."""

from __future__ import annotations

import io
import tracemalloc
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub.backup.encryption import (
    HEADER,
    PIECE,
    TAG,
    encrypting,
    opening,
    read_private_key,
    read_recipient,
)
from schemas.errors import Stop

BACKUP = uuid.UUID(int=7)
OURS = X25519PrivateKey.generate()
WHOLE = PIECE + TAG
LONG = bytes(range(256)) * (2 * PIECE // 256) + b"and a bit"


def encrypted(path: Path, plain: bytes, backup: uuid.UUID = BACKUP) -> Path:
    encrypting(OURS.public_key(), backup).encrypt(io.BytesIO(plain), path)
    return path


def opened(path: Path, key: X25519PrivateKey = OURS, backup: uuid.UUID = BACKUP) -> bytes:
    return b"".join(opening(path, key, backup).decrypt(path))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, len(LONG)])
def test_what_was_encrypted_comes_back(tmp_path: Path, size: int) -> None:
    path = encrypted(tmp_path / "dump", LONG[:size])
    assert opened(path) == LONG[:size]


def test_nothing_of_it_is_in_the_file_and_no_two_files_are_alike(tmp_path: Path) -> None:
    contents = [encrypted(tmp_path / name, b"TST0001" * 9).read_bytes() for name in "ab"]
    assert b"TST0001" not in contents[0]
    assert contents[0][HEADER:] != contents[1][HEADER:]


def test_whoever_encrypted_it_can_still_look_at_it(tmp_path: Path) -> None:
    key, path = encrypting(OURS.public_key(), BACKUP), tmp_path / "dump"
    key.encrypt(io.BytesIO(LONG), path)
    assert b"".join(key.decrypt(path)) == LONG


def test_another_key_opens_nothing_and_both_are_named(tmp_path: Path) -> None:
    path = encrypted(tmp_path / "dump", b"x")
    with pytest.raises(Stop, match=r"encrypted for the key \w{16}, and this is the key \w{16}"):
        opened(path, X25519PrivateKey.generate())


def test_the_file_of_another_backup_does_not_pass_for_this_one(tmp_path: Path) -> None:
    path = encrypted(tmp_path / "dump", b"x", uuid.UUID(int=8))
    with pytest.raises(Stop, match="changed or cut off"):
        opened(path)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "cut to the header": lambda content: content[:HEADER],
    "cut in the header": lambda content: content[: HEADER - 1],
    "empty": lambda _: b"",
    "cut in a piece": lambda content: content[:-3],
    "cut between two pieces": lambda content: content[: HEADER + WHOLE],
    "the last piece left out": lambda content: content[: HEADER + 2 * WHOLE],
    "the first piece left out": lambda content: content[:HEADER] + content[HEADER + WHOLE :],
    "two pieces exchanged": lambda content: (
        content[:HEADER]
        + content[HEADER + WHOLE : HEADER + 2 * WHOLE]
        + content[HEADER : HEADER + WHOLE]
        + content[HEADER + 2 * WHOLE :]
    ),
    "something added": lambda content: content + b"x",
    "a piece added": lambda content: content + content[-WHOLE:],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_not_whole_is_found(tmp_path: Path, change: str) -> None:
    path = encrypted(tmp_path / "dump", LONG)
    path.write_bytes(CHANGES[change](path.read_bytes()))
    with pytest.raises(Stop, match=r"dump: (changed or cut off|not an encrypted dump)"):
        opened(path)


@pytest.mark.parametrize("place", [0, 20, 60, HEADER, HEADER + PIECE, HEADER + WHOLE + 5, -1])
def test_a_flipped_bit_is_found(tmp_path: Path, place: int) -> None:
    path = encrypted(tmp_path / "dump", LONG)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(Stop, match="dump: "):
        opened(path)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path, pieces = tmp_path / "dump", 24
    tracemalloc.start()
    try:
        with (tmp_path / "plain").open("w+b") as plain:
            plain.truncate(pieces * PIECE)
            encrypting(OURS.public_key(), BACKUP).encrypt(plain, path)
        size = sum(len(piece) for piece in opening(path, OURS, BACKUP).decrypt(path))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == pieces * PIECE
    assert most < 8 * PIECE


def pem_files(folder: Path) -> dict[str, Path]:
    """Write keys that fit, and ones that do not."""
    private = PrivateFormat.PKCS8
    contents = {
        "private": OURS.private_bytes(Encoding.PEM, private, NoEncryption()),
        "locked": OURS.private_bytes(Encoding.PEM, private, BestAvailableEncryption(b"x")),
        "public": OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "signing": Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, private, NoEncryption()
        ),
        "verifying": Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "nothing": b"no key",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in [*contents, "missing"]}


def test_keys_are_read_from_files(tmp_path: Path) -> None:
    files = pem_files(tmp_path)
    assert read_private_key(files["private"]).public_key() == OURS.public_key()
    assert read_recipient(files["public"]) == OURS.public_key()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("locked", "without a password"),
        ("public", "no private key"),
        ("signing", "not an X25519 key"),
        ("nothing", "no private key"),
        ("missing", "No such file"),
    ],
)
def test_a_private_key_that_is_none_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Stop, match=f"^{name}: .*{said}"):
        read_private_key(pem_files(tmp_path)[name])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("private", "no public key"),
        ("verifying", "not an X25519 key"),
        ("nothing", "no public key"),
        ("missing", "No such file"),
    ],
)
def test_a_public_key_that_is_none_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Stop, match=f"^{name}: .*{said}"):
        read_recipient(pem_files(tmp_path)[name])
