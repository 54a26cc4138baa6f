"""Anchors: what is signed, what is taken for one, and whose it is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.evidence.chain import anchors
from hub.evidence.chain.anchors import Anchor, Signer, genuine
from hub.evidence.chain.link import GENESIS, Link
from schemas.errors import Stop
from tests.support.anchor_keys import new_pair

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HEAD = Link(7, NOW, "audit", 0, 9, b"", GENESIS, b"\x01" * 32)


def test_an_anchor_is_genuine_for_its_key_alone_and_as_signed() -> None:
    signer = Signer(Ed25519PrivateKey.generate())
    made = signer.sign(HEAD, NOW)
    assert (made.link, made.hash) == (7, "01" * 32)
    assert genuine(made, signer.public_key)
    assert not genuine(made, Ed25519PrivateKey.generate().public_key())
    for changed in (
        {"link": 8},
        {"hash": "02" * 32},
        {"at": NOW + timedelta(seconds=1)},
        {"signature": "no base64"},
        {"signature": base64.b64encode(b"x" * 64).decode()},
    ):
        assert not genuine(made.model_copy(update=changed), signer.public_key)


def test_an_anchor_survives_its_file(tmp_path: Path) -> None:
    signer, path = Signer(Ed25519PrivateKey.generate()), tmp_path / "anchors"
    made = [signer.sign(HEAD, NOW), signer.sign(HEAD, NOW + timedelta(hours=1))]
    for anchor in made:
        anchors.append(path, anchor)
    assert anchors.read(path) == made
    assert all(genuine(anchor, signer.public_key) for anchor in anchors.read(path))


@pytest.mark.parametrize(
    "line", ['{"link": 0}', "nonsense", "[]", '{"link": 1, "hash": "x", "extra": 1}']
)
def test_a_line_that_is_no_anchor_is_named_without_what_it_says(tmp_path: Path, line: str) -> None:
    path = tmp_path / "anchors"
    anchors.append(path, Signer(Ed25519PrivateKey.generate()).sign(HEAD, NOW))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(Stop, match="anchors, line 2"):
        anchors.read(path)


def test_a_file_that_is_not_there_or_not_a_key_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("nonsense")
    for read in (anchors.read_signer, anchors.read_public_key):
        with pytest.raises(Stop, match=r"none\.pem: No such file"):
            read(tmp_path / "none.pem")
        with pytest.raises(Stop, match=r"other\.pem"):
            read(other)
    with pytest.raises(Stop, match="No such file"):
        anchors.read(tmp_path / "none")


def test_keys_are_read_from_pem(tmp_path: Path) -> None:
    pair = new_pair(tmp_path)
    made = anchors.read_signer(pair.private).sign(HEAD, NOW)
    again = Anchor.model_validate_json(made.model_dump_json())
    assert genuine(again, anchors.read_public_key(pair.public))
