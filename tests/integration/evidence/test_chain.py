"""Whatever is done to the audit after it was sealed is found, and where it was done is named."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from psycopg.errors import RaiseException

from hub.evidence import audit, journal
from hub.evidence.audit import Act
from hub.evidence.chain import links
from hub.evidence.chain.link import Link
from hub.evidence.chain.sealer import Sealer
from hub.evidence.chain.verifying import Wrong
from hub.store.database import Database
from routing.observer import Unobserved
from tests.integration.evidence.chained import (
    NOW,
    act,
    faults,
    rows,
    seal,
    tamper,
    verified,
)
from tests.integration.evidence.test_journal import sealed as message

pytestmark = pytest.mark.database


@pytest.fixture
def ten(database: Database) -> Database:
    """Ten acts, sealed three to a link."""
    act(database, *"abcdefghij")
    assert seal(database, most_rows=3) == 4
    return database


def test_an_audit_nobody_touched_is_whole(ten: Database) -> None:
    report = verified(ten)
    assert report.intact
    assert (report.links, report.rows, report.unsealed) == (
        4,
        10,
        {"audit": 0, "journal": 0, "disclosure": 0},
    )
    assert [link.number for link in every(ten)] == [1, 2, 3, 4]


def test_a_changed_byte_is_found_in_whatever_column_it_is(ten: Database) -> None:
    tamper(ten, "UPDATE evidence.audit SET reason = 'Why' WHERE entry_id = 5")
    assert faults(ten) == [(Wrong.CHANGED, "audit row 5")]
    tamper(
        ten,
        "UPDATE evidence.audit SET reason = 'why' WHERE entry_id = 5",
        "UPDATE evidence.audit SET at = at + interval '1 microsecond' WHERE entry_id = 1",
        """UPDATE evidence.audit SET detail = '{"n": "C"}' WHERE entry_id = 3""",
        "UPDATE evidence.audit SET basis = NULL WHERE entry_id = 6",
        "UPDATE evidence.audit SET outcome = 'none' WHERE entry_id = 9",
    )
    assert faults(ten) == [(Wrong.CHANGED, f"audit row {number}") for number in (1, 3, 6, 9)]


def test_a_text_moved_to_the_neighbouring_column_is_a_change(ten: Database) -> None:
    tamper(
        ten,
        "UPDATE evidence.audit SET action = 'viewedlett', object = 'er:1' WHERE entry_id = 2",
    )
    assert faults(ten) == [(Wrong.CHANGED, "audit row 2")]


def test_a_removed_row_is_named(ten: Database) -> None:
    tamper(ten, "DELETE FROM evidence.audit WHERE entry_id IN (4, 10)")
    assert faults(ten) == [(Wrong.REMOVED, "audit row 4"), (Wrong.REMOVED, "audit row 10")]
    assert "link 2" in verified(ten).faults[0].text


def test_two_rows_that_were_swapped_are_named_even_if_other_links_hold_them(ten: Database) -> None:
    tamper(
        ten,
        """UPDATE evidence.audit a SET actor = b.actor, detail = b.detail
        FROM evidence.audit b WHERE (a.entry_id, b.entry_id) IN ((2, 8), (8, 2))""",
    )
    assert faults(ten) == [(Wrong.REORDERED, "audit row 2"), (Wrong.REORDERED, "audit row 8")]
    assert "what row 8 held" in verified(ten).faults[0].text


@pytest.mark.parametrize("number", [-1, 3])
def test_a_row_put_in_among_sealed_ones_is_named(ten: Database, number: int) -> None:
    insert = f"""INSERT INTO evidence.audit (entry_id, at, actor, action, object, detail)
        OVERRIDING SYSTEM VALUE VALUES ({number}, now(), 'x', 'y', 'z', '{{}}')"""
    if number == 3:
        tamper(ten, "DELETE FROM evidence.audit WHERE entry_id = 3")
    tamper(ten, insert)
    wrong = Wrong.CHANGED if number == 3 else Wrong.INSERTED
    assert faults(ten) == [(wrong, f"audit row {number}")]


def test_a_gap_that_was_sealed_as_a_gap_cannot_be_filled(database: Database) -> None:
    act(database, "a")
    with pytest.raises(ZeroDivisionError):
        give_up(database)
    act(database, "b")
    seal(database)
    assert [row["entry_id"] for row in rows(database, "SELECT entry_id FROM evidence.audit")] == [
        1,
        3,
    ]
    tamper(
        database,
        """INSERT INTO evidence.audit (entry_id, at, actor, action, object, detail)
        OVERRIDING SYSTEM VALUE VALUES (2, now(), 'x', 'y', 'z', '{}')""",
    )
    assert faults(database) == [(Wrong.INSERTED, "audit row 2")]


def test_rows_cut_off_the_end_are_found_while_their_links_are_there(ten: Database) -> None:
    tamper(ten, "DELETE FROM evidence.audit WHERE entry_id > 8")
    assert faults(ten) == [(Wrong.REMOVED, "audit row 9"), (Wrong.REMOVED, "audit row 10")]


def test_a_link_that_was_changed_removed_or_bound_anew_is_named(ten: Database) -> None:
    tamper(ten, "UPDATE evidence.chain SET sealed_at = sealed_at - interval '1 day' WHERE link = 2")
    assert faults(ten) == [(Wrong.CHANGED, "link 2")]
    tamper(ten, "DELETE FROM evidence.chain WHERE link = 2")
    assert faults(ten) == [(Wrong.REMOVED, "link 2"), (Wrong.CHANGED, "link 3")]


def test_leaves_changed_together_with_their_row_break_the_link(ten: Database) -> None:
    tamper(
        ten,
        "UPDATE evidence.audit SET reason = 'no' WHERE entry_id = 1",
        """UPDATE evidence.chain SET leaves = overlay(leaves PLACING
            sha256(convert_to('anything', 'UTF8')) FROM 9) WHERE link = 1""",
    )
    assert (Wrong.CHANGED, "link 1") in faults(ten)


def test_a_journal_row_is_covered_but_its_counts_may_go_on(database: Database) -> None:
    with database.transaction() as tx:
        journal.admit(tx, [message("m1"), message("m2")], NOW)
    seal(database)
    with database.transaction() as tx:
        (again,) = journal.admit(tx, [message("m1")], NOW)
        journal.expect(tx, again.journal_id, 1)
    assert verified(database).intact
    tamper(database, "UPDATE evidence.journal SET sender = 'me' WHERE message_key = 'm2'")
    assert faults(database) == [(Wrong.CHANGED, "journal row 2")]


def test_a_disclosure_cannot_be_made_to_look_like_another(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(
            """INSERT INTO outbound.disclosure (disclosure_id, subscriber, record_id, verdict,
                grant_id, grant_version, record_type, ministry, persons, fields, channel,
                decided_at)
            SELECT gen_random_uuid(), 'body', gen_random_uuid(), 'allowed', 'g', 1, 'person',
                'interior', ARRAY['urn:az:pid:fin:tst0001'], ARRAY['sex', 'citizenship'],
                'queue', now()
            FROM generate_series(1, 3)"""
        )
    seal(database)
    assert verified(database).intact
    tamper(
        database,
        "UPDATE outbound.disclosure SET fields = ARRAY['sex', 'citizen'] WHERE entry_id = 2",
    )
    assert faults(database) == [(Wrong.CHANGED, "disclosure row 2")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence.chain SET link = link + 1",
        "DELETE FROM evidence.chain",
        "TRUNCATE evidence.chain",
        "UPDATE evidence.journal SET body_sha256 = ''",
        "DELETE FROM evidence.journal",
        "TRUNCATE evidence.journal",
        "UPDATE evidence.journal_body SET body = ''",
    ],
)
def test_what_is_sealed_refuses_changes_to_whoever_has_not_taken_its_triggers_off(
    ten: Database, statement: str
) -> None:
    with pytest.raises(RaiseException, match="is append-only"), ten.transaction() as tx:
        tx.execute(statement)


def test_a_row_whose_transaction_is_still_open_is_waited_for(
    database: Database, database_url: str
) -> None:
    act(database, "early")
    slow, sealer = Database(database_url), Sealer(database, Unobserved())
    entered, leave = threading.Event(), threading.Event()

    def take_long() -> None:
        with slow.transaction() as tx:
            audit.record(tx, Act("slow", "viewed", "x"), NOW)
            entered.set()
            leave.wait(30)

    writer = threading.Thread(target=take_long)
    writer.start()
    assert entered.wait(30)
    act(database, "fast")
    assert (sealer.step(NOW), sealer.step(NOW)) == (0, 0)
    leave.set()
    writer.join()
    assert sealer.step(NOW) == 1
    slow.close()
    (link,) = every(database)
    assert sorted(link.rows) == [1, 2, 3]
    assert verified(database).intact


def test_a_stream_of_writers_that_never_ends_is_sealed_all_the_same(
    database: Database, database_url: str
) -> None:
    """At each round somebody else is writing; what was there a round ago is closed."""
    sealer = Sealer(database, Unobserved())
    rivals = [Database(database_url) for _ in range(2)]
    first = rivals[0].transaction()
    audit.record(first.__enter__(), Act("one", "viewed", "x"), NOW)
    assert sealer.step(NOW) == 0
    second = rivals[1].transaction()
    audit.record(second.__enter__(), Act("two", "viewed", "x"), NOW)
    first.__exit__(None, None, None)
    act(database, "three")
    assert sealer.step(NOW) == 0
    third = rivals[0].transaction()
    audit.record(third.__enter__(), Act("four", "viewed", "x"), NOW)
    second.__exit__(None, None, None)
    assert sealer.step(NOW) == 1
    third.__exit__(None, None, None)
    assert [sorted(link.rows) for link in every(database)] == [[1, 2, 3]]
    for rival in rivals:
        rival.close()


def test_sealers_at_the_same_time_make_one_chain(database: Database, database_url: str) -> None:
    act(database, *"abc")
    rival = Database(database_url)
    with rival.transaction() as tx:
        tx.rows("SELECT pg_advisory_xact_lock(hashtextextended('evidence.chain', 0))")
        assert seal(database) == 0
    assert seal(database) == 1
    assert seal(rival) == 0
    rival.close()
    assert verified(database).intact


def test_the_age_of_what_is_not_sealed_is_measured(database: Database) -> None:
    class Gauges(Unobserved):
        def __init__(self) -> None:
            self.seen: dict[str, float] = {}

        def gauge(self, name: str, value: float, **labels: str) -> None:
            self.seen[f"{name}/{labels['stream']}"] = value

    act(database, "a")
    gauges, later = Gauges(), NOW + timedelta(minutes=2)
    sealer = Sealer(database, gauges)
    sealer._measure(later)
    assert gauges.seen == {
        "audit_unsealed_seconds/audit": 120,
        "audit_unsealed_seconds/journal": 0,
        "audit_unsealed_seconds/disclosure": 0,
    }
    sealer.step(later)
    assert gauges.seen["audit_unsealed_seconds/audit"] == 0


def give_up(database: Database) -> None:
    """Write an act down in a transaction that fails: its number is lost."""
    with database.transaction() as tx:
        audit.record(tx, Act("lost", "viewed", "x"), NOW)
        raise ZeroDivisionError


def every(database: Database) -> list[Link]:
    with database.transaction() as tx:
        return list(links.every(tx))
