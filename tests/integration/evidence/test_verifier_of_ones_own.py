"""The verifier printed in the documentation works, and agrees with the hub's own."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from hub.evidence import journal
from hub.evidence.chain import anchors, links
from hub.store.database import Database
from tests.integration.evidence.chained import NOW, act, faults, seal, tamper
from tests.integration.evidence.test_journal import sealed as message
from tests.support.anchor_keys import new_pair

pytestmark = pytest.mark.database

DOCUMENT = Path(__file__).parents[3] / "docs" / "evidence.md"


@pytest.fixture
def verifier(tmp_path: Path) -> Path:
    text = DOCUMENT.read_text("utf-8")
    shown = text.partition("<!-- verifier:begin -->")[2].partition("<!-- verifier:end -->")[0]
    path = tmp_path / "verify.py"
    path.write_text(shown.partition("```python\n")[2].rpartition("```")[0], "utf-8")
    return path


def run(verifier: Path, url: str, anchored: Path) -> tuple[int, list[str]]:
    words = [sys.executable, "-I", str(verifier), url, str(anchored)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def test_a_verifier_from_the_documentation_finds_what_the_hub_finds(
    database: Database, database_url: str, verifier: Path, tmp_path: Path
) -> None:
    signer, kept = anchors.read_signer(new_pair(tmp_path).private), tmp_path / "anchors"
    for name in ("a", "ö, with: marks"):
        act(database, name)
        with database.transaction() as tx:
            journal.admit(tx, [message(name.encode().hex())], NOW)
        seal(database)
    with database.transaction() as tx:
        head = links.head(tx)
    assert head
    anchors.append(kept, signer.sign(head, NOW))
    act(database, "not sealed")
    assert run(verifier, database_url, kept) == (0, ["nothing was changed"])
    tamper(
        database,
        "UPDATE evidence.audit SET actor = 'b' WHERE entry_id = 1",
        "DELETE FROM evidence.journal WHERE journal_id = 2",
    )
    found = [place for _, place in faults(database)]
    assert found == ["audit row 1", "journal row 2"]
    assert run(verifier, database_url, kept) == (1, [f"{each} is not as sealed" for each in found])
    tamper(database, "DELETE FROM evidence.chain WHERE link = 4")
    assert (
        f"link 4 is not as anchored at {NOW:%Y-%m-%dT%H:%M:%SZ}"
        in (run(verifier, database_url, kept)[1])
    )


def test_the_signature_of_an_anchor_is_over_the_text_the_documentation_gives(
    tmp_path: Path, database: Database
) -> None:
    act(database, "a")
    seal(database)
    with database.transaction() as tx:
        head = links.head(tx)
    assert head
    signer = anchors.read_signer(new_pair(tmp_path).private)
    made = signer.sign(head, NOW)
    text = f"qovsaq-anchor-1\n1\n{head.hash.hex()}\n2026-03-02T09:00:00+00:00\n"
    signer.public_key.verify(base64.b64decode(made.signature), text.encode())
