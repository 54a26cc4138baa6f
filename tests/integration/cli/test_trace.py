"""One message's life and one person's disclosures, as the command line shows them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors._kit.discover import discover
from hub.cli.ending import Exit
from hub.delivery.disclosures import Disclosure, Ruling, Verdict, persons_in, write
from hub.evidence import record_log
from hub.evidence.chain.sealer import Sealer
from hub.evidence.record_log import Settlement, State
from hub.evidence.sealing import Keyring
from hub.inquiry.trace import delivered
from hub.store.database import Database
from routing.observer import Unobserved
from tests.support.commands import CommandLine
from tests.support.desk_bench import CONTRACT, DeskBench, park_one
from tests.support.intake_bench import sample

pytestmark = pytest.mark.database


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"2026-01 {base64.b64encode(bytes(32)).decode()}\n")
    return path


@pytest.fixture
def bench(database_url: str, keys: Path) -> Iterator[DeskBench]:
    database = Database(database_url)
    made = DeskBench(database, discover(), url=database_url, keyring=Keyring(keys))
    yield made
    made.close()
    database.close()


@pytest.fixture
def qovsaq(bench: DeskBench, keys: Path) -> CommandLine:
    return CommandLine(
        {
            "QOVSAQ_DATABASE_URL": bench.url,
            "QOVSAQ_OPERATOR_TOKEN": bench.tokens["aysel"],
            "QOVSAQ_EVIDENCE__SEALING_KEYS": str(keys),
        }
    )


def traced(qovsaq: CommandLine, key: str) -> Any:
    answer = qovsaq("trace", key, "--reason", "a complaint", "--json")
    assert answer.status == Exit.OK, answer.err
    (message,) = answer.json
    return message


def seal(bench: DeskBench) -> None:
    Sealer(bench.connect(), Unobserved()).step(bench.now)


def disclose(bench: DeskBench, record_id: str, person: str, fields: list[str]) -> None:
    """Log a disclosure under a grant, sent in a parcel that was confirmed."""
    with bench.database.transaction() as tx:
        tx.execute(
            """INSERT INTO outbound.subscriber (name, document, version, added_by, added_at,
                changed_at) VALUES ('pensions', '{}', 1, 'root', now(), now())
            ON CONFLICT DO NOTHING"""
        )
        tx.execute(
            """INSERT INTO outbound.grant_version (grant_id, version, subscriber, document,
                proposed_by, proposed_at, reason, approved)
            VALUES ('g-1', 2, 'pensions', %s::jsonb, 'root', now(), 'why', true)""",
            [
                orjson.dumps(
                    {
                        "purpose": "to pay pensions",
                        "legalBasis": {"act": "Law on Pensions", "article": "7"},
                    }
                ).decode()
            ],
        )
        for verdict, subscriber, grant in (
            (Verdict.ALLOWED, "pensions", "g-1"),
            (Verdict.WITHHELD, "taxes", None),
        ):
            ruling = Ruling(
                subscriber=subscriber,
                verdict=verdict,
                record_type="employment_contract",
                ministry="labour",
                channel="queue",
                grant_id=grant,
                grant_version=2 if grant else None,
                reason=None if grant else "no-grant",
                missing=None if grant else "a grant for 4.1.3",
                fields=fields if grant else [],
            )
            made = Disclosure(ruling, record_id, [person] if grant else [])
            write(tx, [made], bench.now)
        tx.execute(
            """INSERT INTO outbound.parcel (delivery_id, subscriber, grant_id, grant_version,
                records, attempts, started_at, deadline, ended_at, outcome, delivered_at)
            VALUES (gen_random_uuid(), 'pensions', 'g-1', 2, 1, 1, now(), now(), now(),
                'delivered', %s)""",
            [bench.now],
        )
        tx.execute(
            """INSERT INTO outbound.custody (subscriber, record_id, state, record_type, lane, fact,
                version, rank, grant_id, grant_version, delivery_id, decided_at)
            SELECT 'pensions', %(record)s::uuid, 'sent', 'employment_contract', 'live',
                gen_random_uuid(), 1, 0, 'g-1', 2, delivery_id, now() FROM outbound.parcel
            UNION ALL
            SELECT 'taxes', %(record)s::uuid, 'withheld', 'employment_contract', 'live',
                gen_random_uuid(), 1, 0, NULL, NULL, NULL, now()""",
            {"record": record_id},
        )


def written(bench: DeskBench) -> tuple[str, str]:
    """Let a contract be written; tell its record id and the person it is about."""
    bench.send("labour", CONTRACT)
    bench.settle_down()
    (row,) = bench.rows("SELECT record_id, data FROM registry.employment_contract")
    (log,) = bench.rows("SELECT record_id FROM evidence.record_log")
    assert row["record_id"] == log["record_id"]
    (person, *_) = persons_in(row["data"], frozenset({"urn:az:pid:fin"}))
    return str(row["record_id"].hex), person


def test_a_written_message_is_followed_from_its_bytes_to_its_row_and_to_whom_it_went(
    bench: DeskBench, qovsaq: CommandLine
) -> None:
    record_id, person = written(bench)
    disclose(bench, record_id, person, ["employee", "position"])
    seal(bench)
    message = traced(qovsaq, "m-1")
    (journalled,) = bench.rows("SELECT body_sha256 FROM evidence.journal")
    assert message["body_sha256"] == journalled["body_sha256"]
    assert (message["key_id"], message["link"] is not None) == ("2026-01", True)
    (record,) = message["records"]
    assert (record["record_id"], record["state"]) == (record_id, "written")
    assert record["registry"]["table"] == "registry.employment_contract"
    assert record["registry"]["why"] == "it is the fact's content: no later operation sets one"
    assert {told["verdict"] for told in record["disclosures"]} == {"allowed", "withheld"}
    assert message["delivered"] == {"to": 1, "of": 2}
    shown = qovsaq("trace", record_id, "--reason", "a complaint").out
    for text in (
        "key 2026-01; link ",
        "rules      all met",
        "registry   registry.employment_contract",
        "pensions (queue): employee, position; Law on Pensions, 7 (g-1 v2)",
        "taxes (queue): withheld: no-grant; a grant for 4.1.3",
        "delivered  to 1 of 2 subscribers",
    ):
        assert text in shown


def test_a_letter_is_followed_through_its_failure_correction_and_replay(
    bench: DeskBench, qovsaq: CommandLine
) -> None:
    letter = park_one(bench)
    with bench.database.transaction() as tx:
        ids = [row["record_id"].hex for row in tx.rows("SELECT record_id FROM evidence.record_log")]
        retry = [Settlement(i, State.RETRYING, "Locked", attempts=1, due=bench.now) for i in ids]
        record_log.settle(tx, retry, bench.now)
        record_log.settle(tx, [Settlement(i, State.PARKED, "x") for i in ids], bench.now)
    shown = bench.desk.show(bench.tokens["aysel"], letter, with_body=True)
    content = orjson.dumps(orjson.loads(shown["body"]) | {"position": "Mühasib"})
    made = bench.desk.correct(bench.tokens["aysel"], letter, content, "a wrong position")
    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    bench.replay()
    bench.settle_down()
    text = qovsaq("trace", "m-1", "--reason", "a complaint").out
    for part in (
        f"letter     {letter} in dead.registry.writer.live: replaced",
        "replaced (corrected)",
        "retry      ",
        "for Locked, again at",
        "canonical-content at employment_contract.wage.amount",
        "replayed   ",
        "by aysel, sent by behruz",
        "delivered  to 0 of 0 subscribers",
    ):
        assert part in text
    assert "Mühasib" not in text


def test_a_golden_record_says_which_fields_rest_on_a_records_word(
    bench: DeskBench, qovsaq: CommandLine
) -> None:
    bench.send("interior", sample("interior", "every-kind.in.xml"), content_type="text/xml")
    bench.settle_down()
    places = [record["registry"] for record in traced(qovsaq, "m-1")["records"]]
    golden = bench.rows("SELECT sources FROM registry.golden")
    sources = [source["recordId"] for row in golden for source in row["sources"].values()]
    assert sources
    assert sum(len(place["believed"]) for place in places if place) == len(sources)
    beaten = [place for place in places if place and "is newer" in place["why"]]
    assert all(not place["believed"] for place in beaten)
    assert "believed   " in qovsaq("trace", "m-1", "--reason", "why").out


def test_a_refusal_names_its_rule_and_its_notice(bench: DeskBench, qovsaq: CommandLine) -> None:
    bench.send("labour", CONTRACT.replace(b"TST", b"T-T"))
    bench.settle_down()
    (log,) = bench.rows("SELECT state, cause FROM evidence.record_log")
    assert log["state"] == "refused"
    text = qovsaq("trace", "m-1", "--reason", "a complaint").out
    assert f"refused ({log['cause']}" in text
    assert "notice     " in text


def test_an_older_operation_says_what_beat_it(bench: DeskBench, qovsaq: CommandLine) -> None:
    record_id, _ = written(bench)
    newer = CONTRACT.replace(b'"m-1"', b'"m-2"')
    bench.send("labour", newer, message_id="m-2")
    bench.settle_down()
    (fact,) = bench.rows("SELECT record_id FROM registry.employment_contract")
    loser = "m-1" if fact["record_id"].hex != record_id else "m-2"
    (record,) = traced(qovsaq, loser)["records"]
    assert fact["record_id"].hex in record["registry"]["why"]


def test_what_was_never_received_is_an_answer_of_no_and_a_trace_is_on_the_record(
    bench: DeskBench, qovsaq: CommandLine
) -> None:
    assert qovsaq("trace", "m-9", "--reason", "a complaint").status == Exit.NO
    written(bench)
    traced(qovsaq, "m-1")
    (act,) = bench.rows("SELECT * FROM evidence.audit WHERE action = 'message-traced'")
    assert (act["actor"], act["object"], act["reason"]) == ("aysel", "journal:1", "a complaint")


def test_a_person_is_told_to_whom_when_on_which_basis_and_who_looked(
    bench: DeskBench, qovsaq: CommandLine
) -> None:
    record_id, person = written(bench)
    disclose(bench, record_id, person, ["employee", "position"])
    fin = person.rpartition(":")[2].upper()
    qovsaq("person", fin, "--reason", "a complaint")
    answer = qovsaq("disclosures", fin, "--reason", "the person asks", "--json")
    assert answer.status == Exit.OK, answer.err
    (told,) = answer.json["disclosures"]
    assert (told["subscriber"], told["fields"]) == ("pensions", ["employee", "position"])
    assert (told["act"], told["article"], told["grant_version"]) == ("Law on Pensions", "7", 2)
    assert datetime.fromisoformat(told["delivered_at"]) == bench.now
    assert [look["action"] for look in answer.json["looks"]] == ["person-viewed"]
    again = qovsaq("disclosures", fin, "--reason", "the person asks").out
    assert "disclosures-viewed" in again
    assert "Law on Pensions, 7 (g-1 v2)" in again


def test_delivered_counts_a_subscriber_once_it_has_everything() -> None:
    had: dict[str, Any] = {"state": "sent", "delivered_at": 1}
    waits: dict[str, Any] = {"state": "sent", "delivered_at": None}
    first = [had | {"subscriber": "a"}, had | {"subscriber": "b"}]
    second = [had | {"subscriber": "a"}, waits | {"subscriber": "b"}]
    assert delivered([first, second]) == {"to": 1, "of": 2}
