"""Who may act: by token only, never on one's own act, and never without a trace."""

from __future__ import annotations

import re

import orjson
import pytest

from hub.evidence import operators
from hub.evidence.declined import Declined
from schemas.errors import HubError
from tests.support.desk_bench import DeskBench, park_one

pytestmark = pytest.mark.database


def proposed(bench: DeskBench, by: str = "aysel", position: str = "Mühasib") -> str:
    """Have an operator propose a correction of the one parked record."""
    (letter,) = bench.letters()
    letter_id = letter["letter_id"].hex
    token = bench.tokens[by]
    body = orjson.loads(bench.desk.show(token, letter_id, with_body=True)["body"])
    content = orjson.dumps(body | {"position": position})
    return str(bench.desk.correct(token, letter_id, content, "why")["correction_id"])


def issue(bench: DeskBench, name: str, by: str) -> str:
    with bench.database.transaction() as tx:
        bench.tokens[name] = operators.add(tx, name, bench.tokens[by], bench.now)
    return bench.tokens[name]


def approve(bench: DeskBench, correction: str, by: str) -> str:
    return bench.desk.decide(bench.tokens[by], correction, approve=True)


def test_nobody_acts_without_a_valid_token(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    for token in (None, "", "aysel", "x" * 43):
        with pytest.raises(Declined, match="not-authenticated"):
            bench.desk.show(token, letter_id)
        with pytest.raises(Declined, match="not-authenticated"):
            bench.desk.discard(token, [letter_id], "why")
        with pytest.raises(Declined, match="not-authenticated"):
            bench.replayer().replay(token, [letter_id])
    assert bench.log() == {"parked": 1}


def test_only_the_hash_of_a_token_is_kept(bench: DeskBench) -> None:
    kept = str(
        bench.rows("SELECT * FROM desk.operator") + bench.rows("SELECT * FROM evidence.audit")
    )
    assert not any(token in kept for token in bench.tokens.values())


def test_an_editor_does_not_approve_the_own_correction(bench: DeskBench) -> None:
    park_one(bench)
    correction = proposed(bench)
    with pytest.raises(Declined, match="own-act"):
        approve(bench, correction, "aysel")
    assert approve(bench, correction, "behruz") == "approved"


def test_an_editor_does_not_approve_under_another_name(bench: DeskBench) -> None:
    """Whoever issues a token sees it, and could act under that name too."""
    park_one(bench)
    issue(bench, "aysel-2", by="aysel")
    with pytest.raises(Declined, match="own-act"):
        approve(bench, proposed(bench), "aysel-2")
    with pytest.raises(Declined, match="own-act"):
        approve(bench, proposed(bench, by="aysel-2"), "aysel")
    assert bench.letter_states() == ["proposed"]


def test_a_revoked_name_is_not_given_again(bench: DeskBench) -> None:
    with bench.database.transaction() as tx:
        operators.revoke(tx, "behruz", bench.tokens["root"], bench.now)
    for name in ("behruz", "Behruz"):
        with pytest.raises(Declined, match="operator-exists"):
            issue(bench, name, by="aysel")
    with pytest.raises(Declined, match="not-authenticated"):
        bench.desk.groups(bench.tokens["behruz"])


def test_a_second_operator_needs_an_operator_to_be_added(bench: DeskBench) -> None:
    with pytest.raises(Declined, match="not-authenticated"), bench.database.transaction() as tx:
        operators.add(tx, "stranger", None, bench.now)
    with pytest.raises(Declined, match="operator-name"):
        issue(bench, "a\nb", by="root")


def test_what_is_approved_is_what_was_shown(bench: DeskBench) -> None:
    """A correction made after the approver looked is another correction."""
    letter_id = park_one(bench)
    seen = proposed(bench, position="Mühasib")
    proposed(bench, position="Direktor")
    with pytest.raises(Declined, match="correction-decided: the correction is withdrawn"):
        approve(bench, seen, "behruz")
    assert bench.replay([letter_id]).passed == {"awaits-approval": 1}


def test_a_rejected_correction_leaves_the_letter_parked_and_can_be_made_again(
    bench: DeskBench,
) -> None:
    park_one(bench)
    correction = proposed(bench)
    with pytest.raises(Declined, match="reason-missing"):
        bench.desk.decide(bench.tokens["behruz"], correction, approve=False)
    bench.desk.decide(bench.tokens["behruz"], correction, approve=False, reason="not so")
    assert bench.letter_states() == ["parked"]
    assert proposed(bench, by="root") == correction
    with pytest.raises(Declined, match="own-act"):
        approve(bench, correction, "aysel")
    assert approve(bench, correction, "root2" if issue(bench, "root2", by="behruz") else "") == (
        "approved"
    )


def test_without_four_eyes_a_correction_is_ready_at_once(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    object.__setattr__(bench.desk, "four_eyes", False)
    proposed(bench)
    assert bench.letter_states() == ["approved"]
    assert bench.replay([letter_id]).sent == 1


def test_a_correction_must_be_a_record_and_must_change_something(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    token = bench.tokens["aysel"]
    body = bench.desk.show(token, letter_id, with_body=True)["body"]
    with pytest.raises(Declined, match="correction-unchanged"):
        bench.desk.correct(token, letter_id, body, "why")
    for content in (b"{", b"[]", b'{"x": 1}', body.replace(b'"position"', b'"posit"')):
        with pytest.raises(Declined, match="correction-content"):
            bench.desk.correct(token, letter_id, content, "why")
    with pytest.raises(Declined, match="letter-unknown"):
        bench.desk.correct(token, "0" * 32, body, "why")


def test_the_audit_and_the_sealed_body_cannot_be_changed(bench: DeskBench) -> None:
    park_one(bench)
    for statement in (
        "UPDATE evidence.audit SET actor = 'nobody' RETURNING 1",
        "DELETE FROM evidence.audit RETURNING 1",
        "UPDATE desk.letter_body SET body = '' RETURNING 1",
    ):
        with pytest.raises(Exception, match="append-only") as caught:
            bench.rows(statement)
        assert not isinstance(caught.value, HubError)


def test_the_audit_names_who_did_what_and_holds_no_personal_data(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    approve(bench, proposed(bench), "behruz")
    bench.replay([letter_id], reason="mended")
    bench.letters(find="urn:az:contract:1")
    rows = bench.rows("SELECT actor, action, reason FROM evidence.audit ORDER BY entry_id")
    assert [(row["actor"], row["action"]) for row in rows][3:] == [
        ("aysel", "body-viewed"),
        ("aysel", "corrected"),
        ("behruz", "approved"),
        ("aysel", "replayed"),
        ("aysel", "sent"),
        ("aysel", "searched"),
    ]
    whole = str(bench.rows("SELECT * FROM evidence.audit"))
    assert not re.search(r"TST\w{4}|Mühasib|urn:az", whole)
