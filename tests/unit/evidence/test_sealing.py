"""Bodies are sealed with the newest key, opened with any, and gone once their key is."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hub.evidence.sealing import Capsule, KeyDestroyed, Keyring
from schemas.errors import Stop

BODY = b"<person>" * 200


def key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "keys", "# data keys", "", f"2026-01 {key(1)}")


def test_without_a_file_a_body_is_compressed_and_says_so() -> None:
    ring = Keyring()
    capsule = ring.seal(BODY, "journal:1")
    assert (capsule.key_id, len(capsule.content) < len(BODY)) == (None, True)
    assert ring.open(capsule, "journal:1") == BODY


def test_a_body_too_small_to_gain_is_framed_only_and_opens_like_any(file: Path) -> None:
    small, ring = b"<a/>" * 200, Keyring()
    capsule = ring.seal(small, "journal:1")
    assert small in capsule.content
    assert ring.open(capsule, "journal:1") == small
    assert Keyring(file).open(Keyring(file).seal(small, "journal:1"), "journal:1") == small


def test_a_sealed_body_shows_nothing_and_opens_again(file: Path) -> None:
    ring = Keyring(file)
    first, second = ring.seal(BODY, "journal:1"), ring.seal(BODY, "journal:1")
    assert first.key_id == ring.newest == "2026-01"
    assert first.content != second.content
    assert b"person" not in first.content
    assert Keyring(file).open(first, "journal:1") == BODY


def test_a_body_of_another_row_or_a_changed_one_does_not_open(file: Path) -> None:
    ring = Keyring(file)
    capsule = ring.seal(BODY, "journal:1")
    with pytest.raises(Stop, match="journal:2: sealed for something else"):
        ring.open(capsule, "journal:2")
    changed = Capsule(capsule.key_id, capsule.content[:-1] + b"\0")
    with pytest.raises(Stop, match="journal:1"):
        ring.open(changed, "journal:1")


def test_after_a_new_key_old_bodies_open_and_new_ones_are_sealed_with_it(file: Path) -> None:
    ring = Keyring(file)
    old = ring.seal(BODY, "journal:1")
    written(file, f"2026-01 {key(1)}", f"2026-02 {key(2)}")
    newer = Keyring(file)
    new = newer.seal(BODY, "journal:2")
    assert new.key_id == "2026-02"
    assert newer.open(old, "journal:1") == BODY
    assert ring.open(new, "journal:2") == BODY, "a process that runs on reads the file again"


def test_what_a_destroyed_key_sealed_is_gone_and_a_lost_key_is_a_fault(file: Path) -> None:
    old = Keyring(file).seal(BODY, "journal:1")
    written(file, "2026-01 destroyed", f"2026-02 {key(2)}")
    ring = Keyring(file)
    assert ring.newest == "2026-02"
    with pytest.raises(KeyDestroyed):
        ring.open(old, "journal:1")
    written(file, f"2026-02 {key(2)}")
    with pytest.raises(Stop, match="no key 2026-01"):
        Keyring(file).open(old, "journal:1")
    with pytest.raises(Stop, match="no key 2026-01"):
        Keyring().open(old, "journal:1")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("alone", "not an id and a key"),
        ("an id with blanks", "not an id and a key"),
        ("k !!!", "not Base64"),
        (f"k {base64.b64encode(b'short').decode()}", "has not 32 bytes"),
        (f"2026-01 {key(3)}", "a second key of that id"),
    ],
)
def test_a_line_that_is_no_key_is_named_without_what_it_says(
    file: Path, line: str, why: str
) -> None:
    written(file, f"2026-01 {key(1)}", line)
    with pytest.raises(Stop, match=f"keys, line 2: .*{why}") as refused:
        Keyring(file)
    assert line.rsplit(maxsplit=1)[-1] not in str(refused.value)


def test_a_file_without_a_usable_key_or_no_file_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="no key to seal with"):
        Keyring(written(tmp_path / "keys", "2026-01 destroyed"))
    with pytest.raises(Stop, match="No such file"):
        Keyring(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(Stop, match="not ASCII"):
        Keyring(tmp_path / "binary")
