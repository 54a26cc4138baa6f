"""``qovsaq contracts``: written, compared, and the exit status a pipeline looks at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.cli.ending import Exit
from tests.support.commands import CommandLine

QOVSAQ = CommandLine({})
PERSON = Path("schemas", "json", "person.v1.json")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    answer = QOVSAQ("contracts", "export", "--to", str(folder))
    assert answer.status == Exit.OK, answer.err
    assert f"contracts in {folder}" in answer.out
    return folder


def earlier(folder: Path, **changes: object) -> None:
    """Make the folder one in which a person had these properties as well."""
    (folder / "manifest.json").unlink()
    schema = json.loads((folder / PERSON).read_bytes())
    schema["properties"] |= changes
    (folder / PERSON).write_text(json.dumps(schema))


def test_an_export_is_compatible_with_its_own_release(exported: Path) -> None:
    answer = QOVSAQ("contracts", "check", "--against", str(exported))
    assert (answer.status, answer.out) == (Exit.OK, "the contracts are the same\n")


def test_a_breaking_change_is_named_and_ends_with_one(exported: Path) -> None:
    earlier(exported, bloodGroup={"type": "string"})
    answer = QOVSAQ("contracts", "check", "--against", str(exported), "--json")
    assert answer.status == Exit.NO
    assert answer.json == {
        "compatible": False,
        "differences": [
            {
                "path": PERSON.as_posix(),
                "rule": "field-removed",
                "place": "bloodGroup",
                "text": "is no longer there",
                "breaks": ["readers", "senders"],
            }
        ],
    }
    shown = QOVSAQ("contracts", "check", "--against", str(exported))
    assert shown.status == Exit.NO
    assert "1 differences, 1 of them breaking" in shown.out


def test_a_revision_that_is_none_is_told_of_in_a_line() -> None:
    answer = QOVSAQ("contracts", "check", "--against", "no-such-revision")
    assert answer.status == Exit.BROKEN
    assert answer.err.startswith("qovsaq: ")


def test_a_folder_of_somebody_elses_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    answer = QOVSAQ("contracts", "export", "--to", str(tmp_path))
    assert answer.status == Exit.BROKEN
    assert "no earlier export" in answer.err


def test_the_guard_says_when_it_has_nothing_to_look_at() -> None:
    qovsaq = CommandLine({"QOVSAQ_DATABASE_URL": "postgresql://127.0.0.1:1/none"})
    answer = qovsaq("contracts", "guard")
    assert answer.status == Exit.OK
    assert "QOVSAQ_CONTRACTS__<MINISTRY>__URLS" in answer.out
