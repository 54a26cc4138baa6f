"""The set of contracts: collected, written with a manifest, read again, and read from git."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from connectors._kit.discover import discover
from hub.contracts import collection
from hub.contracts.collection import MANIFEST, belongs, collect, read, write
from hub.contracts.revision import REPOSITORY, at_revision
from schemas.catalogue import records
from schemas.errors import Stop

CONTRACTS = collect(discover())


def test_every_record_and_every_file_of_every_connector_is_among_them() -> None:
    assert {f"schemas/json/{name}.v1.json" for name in records()} < CONTRACTS.keys()
    for connector in discover().values():
        for file in (connector.folder / "contract").iterdir():
            path = f"connectors/{connector.name}/contract/{file.name}"
            assert CONTRACTS[path] == file.read_bytes()
    assert all(map(belongs, CONTRACTS))


def test_other_files_of_the_repository_are_no_contracts() -> None:
    for path in ("schemas/person.py", "connectors/justice/normalize.py", "README.md", "contract"):
        assert not belongs(path)


def test_an_export_holds_the_files_and_their_digests(tmp_path: Path) -> None:
    write(CONTRACTS, tmp_path)
    listed = json.loads((tmp_path / MANIFEST).read_bytes())["files"]
    assert {each["path"] for each in listed} == CONTRACTS.keys()
    for each in listed:
        body = (tmp_path / each["path"]).read_bytes()
        assert each["sha256"] == hashlib.sha256(body).hexdigest()
        assert each["bytes"] == len(body)
    assert read(tmp_path) == CONTRACTS


def test_references_of_the_asyncapi_document_lead_somewhere_in_the_export(tmp_path: Path) -> None:
    write(CONTRACTS, tmp_path)
    document = (tmp_path / "schemas" / "asyncapi.json").read_text("utf-8")
    references = {word for word in document.split('"') if word.endswith((".json", ".xsd"))}
    assert len(references) > len(records())
    for reference in references:
        path = reference.removeprefix("connectors/")
        assert (tmp_path / "schemas" / path).is_file() or "contract is" in reference


def test_an_export_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    write({**CONTRACTS, "schemas/json/gone.v1.json": b"{}"}, tmp_path)
    write(CONTRACTS, tmp_path)
    assert read(tmp_path) == CONTRACTS
    assert not (tmp_path / "schemas" / "json" / "gone.v1.json").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(Stop, match=r"letter\.txt"):
        write(CONTRACTS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_an_altered_missing_or_added_file_is_found_by_the_manifest(tmp_path: Path) -> None:
    write(CONTRACTS, tmp_path)
    altered = tmp_path / "schemas" / "json" / "person.v1.json"
    body = altered.read_bytes()
    for spoil in (lambda: altered.write_bytes(b"{}"), altered.unlink):
        spoil()
        with pytest.raises(Stop, match=r"person\.v1\.json is not what the manifest"):
            read(tmp_path)
    altered.write_bytes(body)
    altered.with_name("more.v1.json").write_bytes(b"{}")
    with pytest.raises(Stop, match=r"more\.v1\.json"):
        read(tmp_path)


def test_a_foreign_manifest_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="no contracts"):
        read(tmp_path)
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(Stop, match="not one of ours"):
        write(CONTRACTS, tmp_path)


def test_a_checkout_is_read_like_an_export() -> None:
    assert read(REPOSITORY).keys() == CONTRACTS.keys()


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two revisions; the newer one is only in the work tree."""
    collection.write({"schemas/json/a.v1.json": b"{}"}, tmp_path)
    (tmp_path / "schemas" / "code.py").write_text("")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"], ["tag", "v1"]):
        who = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "schemas" / "json" / "a.v1.json").write_text('{"title": "new"}')
    return tmp_path


@needs_git
def test_a_revision_is_read_without_touching_the_work_tree(repository: Path) -> None:
    assert at_revision("v1", repository) == {"schemas/json/a.v1.json": b"{}"}
    assert (repository / "schemas" / "json" / "a.v1.json").read_text() == '{"title": "new"}'


@needs_git
@pytest.mark.parametrize("revision", ["v2", "--help", "", "v1:schemas"])
def test_a_revision_that_is_none_stops(repository: Path, revision: str) -> None:
    with pytest.raises(Stop, match="no such revision"):
        at_revision(revision, repository)


def test_outside_a_checkout_there_are_no_revisions(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="exported folder"):
        at_revision("HEAD", tmp_path)
