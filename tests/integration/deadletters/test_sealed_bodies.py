"""With a file of keys no body is stored in the clear, wherever the hub keeps one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from connectors._kit.discover import discover
from hub.evidence import journal
from hub.evidence.declined import Declined
from hub.evidence.sealing import Keyring
from hub.store.database import Database
from tests.support.desk_bench import DeskBench, park_one

pytestmark = pytest.mark.database

BODIES = """
SELECT 'journal' AS kept, key_id, body FROM evidence.journal_body
UNION ALL SELECT 'letter', key_id, body FROM desk.letter_body
UNION ALL SELECT 'correction', key_id, body FROM desk.correction
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"2026-01 {base64.b64encode(bytes(32)).decode()}\n")
    return path


@pytest.fixture
def bench(database_url: str, file: Path) -> Iterator[DeskBench]:
    database = Database(database_url)
    made = DeskBench(database, discover(), url=database_url, keyring=Keyring(file))
    yield made
    made.close()
    database.close()


def propose(bench: DeskBench, letter: str) -> str:
    shown = bench.desk.show(bench.tokens["aysel"], letter, with_body=True)
    content = orjson.dumps(orjson.loads(shown["body"]) | {"position": "Mühasib"})
    return str(bench.desk.correct(bench.tokens["aysel"], letter, content, "why")["correction_id"])


def test_journal_letters_and_corrections_are_sealed_and_the_whole_path_reads_them(
    bench: DeskBench,
) -> None:
    letter = park_one(bench)
    bench.desk.decide(bench.tokens["behruz"], propose(bench, letter), approve=True)
    bench.replay()
    bench.taken("registry.writer.live")
    bench.later(minutes=2)
    assert bench.relay.step(bench.now) == 1, "the relay opens what intake has sealed"
    bench.settle_down()
    assert bench.log() == {"replaced": 1, "written": 1}
    kept = bench.rows(BODIES)
    assert {row["kept"] for row in kept} == {"journal", "letter", "correction"}
    assert {row["key_id"] for row in kept} == {"2026-01"}
    assert not any(bytes(row["body"]).startswith(b"x") for row in kept), "a zlib header"


def test_a_letter_whose_key_was_destroyed_says_so_and_is_never_sent(
    bench: DeskBench, file: Path
) -> None:
    letter = park_one(bench)
    file.write_text(f"2026-01 destroyed\n2026-02 {base64.b64encode(bytes(32)).decode()}\n")
    bench.use(Keyring(file))
    with pytest.raises(Declined, match="letter-destroyed"):
        bench.show(letter)
    assert bench.replay([letter]).sent == 0
    with bench.database.transaction() as tx:
        assert journal.read(tx, [1], Keyring(file)) == []
