"""Anchors kept elsewhere show what nothing inside the database can."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.cli.ending import Exit
from hub.evidence.chain import anchors, links
from hub.evidence.chain.anchoring import Anchoring
from hub.evidence.chain.link import GENESIS, digest
from hub.evidence.chain.verifying import Fault, Wrong
from hub.store.database import Database
from routing.observer import Unobserved
from tests.integration.evidence.chained import NOW, act, named, seal, tamper, verified
from tests.support.anchor_keys import KeyPair, new_pair
from tests.support.commands import CommandLine

pytestmark = pytest.mark.database


class Gauges(Unobserved):
    """Remembers the last value of each gauge."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self.seen[name] = value


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    return new_pair(tmp_path)


@pytest.fixture
def qovsaq(database_url: str, pair: KeyPair) -> CommandLine:
    settings = {
        "QOVSAQ_DATABASE_URL": database_url,
        "QOVSAQ_EVIDENCE__SIGNING_KEY": str(pair.private),
    }
    return CommandLine(settings)


@pytest.fixture
def anchored(database: Database, qovsaq: CommandLine, tmp_path: Path) -> Path:
    """Four links of an act each, the second and the last of them anchored."""
    path = tmp_path / "anchors.jsonl"
    for place, name in enumerate("abcd"):
        act(database, name)
        seal(database)
        if place % 2:
            answer = qovsaq("audit", "anchor", "--out", str(path))
            assert answer.status == Exit.OK, answer.err
    return path


def found(database: Database, path: Path, pair: KeyPair) -> list[Fault]:
    keys = [anchors.read_public_key(pair.public)]
    with database.transaction() as tx:
        return list(anchors.compare(tx, anchors.read(path), keys))


def test_a_chain_that_only_grew_agrees_with_its_anchors(
    database: Database, anchored: Path, qovsaq: CommandLine, pair: KeyPair
) -> None:
    act(database, "e")
    seal(database)
    act(database, "f")
    answer = qovsaq("audit", "verify", "--anchors", str(anchored), "--json")
    assert answer.status == Exit.OK
    assert (answer.json["intact"], answer.json["links"], answer.json["anchors"]) == (True, 5, 2)
    assert answer.json["unsealed"]["audit"] == 1
    assert "nothing was changed" in qovsaq("audit", "verify").out


def test_an_end_cut_off_with_its_links_is_found_by_anchors_alone(
    database: Database, anchored: Path, pair: KeyPair, qovsaq: CommandLine
) -> None:
    tamper(
        database,
        "DELETE FROM evidence.audit WHERE entry_id > 2",
        "DELETE FROM evidence.chain WHERE link > 2",
    )
    assert verified(database).intact
    (fault,) = found(database, anchored, pair)
    assert named(fault) == (Wrong.TRUNCATED, "link 4")
    assert "link 2 is the last" in fault.text
    answer = qovsaq("audit", "verify", "--anchors", str(anchored), "--public-key", str(pair.public))
    assert answer.status == Exit.NO
    assert "truncated: link 4" in answer.out


def test_a_chain_computed_anew_after_a_change_is_found_by_anchors_alone(
    database: Database, anchored: Path, pair: KeyPair
) -> None:
    tamper(database, "UPDATE evidence.audit SET actor = 'nobody' WHERE entry_id = 3")
    recompute(database)
    assert verified(database).intact
    (fault,) = found(database, anchored, pair)
    assert named(fault) == (Wrong.RECOMPUTED, "link 4")
    assert "between link 3 and link 4" in fault.text


def test_everything_deleted_is_found_by_anchors(
    database: Database, anchored: Path, pair: KeyPair
) -> None:
    tamper(database, "DELETE FROM evidence.audit", "DELETE FROM evidence.chain")
    assert [fault.wrong for fault in found(database, anchored, pair)] == [Wrong.TRUNCATED] * 2


def test_an_anchor_somebody_else_signed_counts_for_nothing(
    database: Database, anchored: Path, tmp_path: Path, qovsaq: CommandLine
) -> None:
    stranger = new_pair(tmp_path, "stranger")
    assert [fault.wrong for fault in found(database, anchored, stranger)] == [Wrong.UNSIGNED] * 2
    qovsaq.settings = {"QOVSAQ_DATABASE_URL": qovsaq.settings["QOVSAQ_DATABASE_URL"]}
    answer = qovsaq("audit", "verify", "--anchors", str(anchored))
    assert answer.status == Exit.BROKEN
    assert "--public-key" in answer.err
    assert qovsaq("audit", "anchor", "--out", str(tmp_path / "a")).status == Exit.BROKEN


def test_nothing_sealed_is_nothing_to_anchor(qovsaq: CommandLine, tmp_path: Path) -> None:
    answer = qovsaq("audit", "anchor", "--out", str(tmp_path / "a"))
    assert answer.status == Exit.BROKEN
    assert "nothing is sealed yet" in answer.err


def test_the_worker_anchors_what_is_new_once_in_its_interval(
    database: Database, pair: KeyPair, tmp_path: Path
) -> None:
    path, gauges = tmp_path / "anchors", Gauges()
    signer = anchors.read_signer(pair.private)

    def worker() -> Anchoring:
        return Anchoring(database, signer, path, timedelta(minutes=5), gauges)

    first = worker()
    first.step(NOW)
    assert not path.exists()
    act(database, "a")
    seal(database)
    first.step(NOW)
    act(database, "b")
    seal(database)
    first.step(NOW + timedelta(minutes=1))
    second = worker()
    second.step(NOW + timedelta(minutes=2))
    assert [anchor.link for anchor in anchors.read(path)] == [1]
    second.step(NOW + timedelta(minutes=5))
    second.step(NOW + timedelta(minutes=15))
    assert [anchor.link for anchor in anchors.read(path)] == [1, 2]
    assert gauges.seen == {"audit_anchor_faults": 0}


def test_the_worker_says_so_when_the_chain_was_cut_behind_its_back(
    database: Database, pair: KeyPair, tmp_path: Path
) -> None:
    path, gauges = tmp_path / "anchors", Gauges()
    signer = anchors.read_signer(pair.private)
    worker = Anchoring(database, signer, path, timedelta(minutes=5), gauges)
    act(database, "a")
    seal(database)
    worker.step(NOW)
    tamper(database, "DELETE FROM evidence.chain")
    worker.step(NOW + timedelta(minutes=5))
    assert gauges.seen == {"audit_anchor_faults": 1}


def test_the_worker_vouches_for_nothing_behind_a_link_that_somebody_wrote(
    database: Database, pair: KeyPair, tmp_path: Path
) -> None:
    path, gauges = tmp_path / "anchors", Gauges()
    worker = Anchoring(
        database, anchors.read_signer(pair.private), path, timedelta(minutes=5), gauges
    )
    act(database, "a")
    seal(database)
    worker.step(NOW)
    tamper(database, "UPDATE evidence.chain SET hash = sha256('another')")
    for minutes in (5, 10, 15):
        act(database, "more")
        seal(database)
        worker.step(NOW + timedelta(minutes=minutes))
        assert gauges.seen == {"audit_anchor_faults": 1}
    assert [anchor.link for anchor in anchors.read(path)] == [1]


def recompute(database: Database) -> None:
    """Make the whole chain anew over the rows as they are, as an owner of the database can."""
    with database.transaction() as tx:
        old = list(links.every(tx))
    tamper(database, "DELETE FROM evidence.chain")
    previous = GENESIS
    for link in old:
        with database.transaction() as tx:
            (row,) = tx.rows(
                """SELECT string_agg(int8send(entry_id) || sha256(convert_to(concat(
                    evidence.netstring(evidence.microseconds(at)), evidence.netstring(actor),
                    evidence.netstring(action), evidence.netstring(object),
                    evidence.netstring(reason), evidence.netstring(detail::text),
                    evidence.netstring(basis), evidence.netstring(outcome)), 'UTF8')),
                    ''::bytea ORDER BY entry_id) AS leaves
                FROM evidence.audit WHERE entry_id > %s AND entry_id <= %s""",
                [link.after, link.through],
            )
            closed, leaves = (link.after, link.through), bytes(row["leaves"])
            made = digest(previous, link.number, link.sealed_at, link.stream, closed, leaves)
            tx.execute(
                "INSERT INTO evidence.chain VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [link.number, link.sealed_at, link.stream, *closed, leaves, previous, made],
            )
        previous = made
