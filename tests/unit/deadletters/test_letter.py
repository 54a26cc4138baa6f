"""What is read off a delivery of a dead queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.deadletters.difference import Change, between, of_texts
from hub.deadletters.letter import State, field_of, letter_id, opened, unopened
from hub.evidence.operators import Operator
from routing.message import ATTEMPTS, CAUSE, REPLAY, Delivery, Tag
from routing.parking import EXPLANATION, PARKED_AT, SOURCE_EXCHANGE
from schemas.envelope import encode_batch
from tests.support.desk_bench import of_person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def delivery(queue: str, body: bytes, message_id: str = "m-1", **headers: Any) -> Delivery:
    return Delivery(Tag(1, 1), queue, "", queue, body, message_id, headers=headers)


def test_a_canonical_letter_knows_its_record_subject_and_place() -> None:
    event = of_person(1, 7)
    letter = opened(delivery("dead.registry.writer.bulk", encode_batch([event])), NOW)
    assert (letter.origin, letter.lane, letter.ministry) == (
        "registry.writer.bulk", "bulk", "interior",
    )  # fmt: skip
    assert (letter.record_ids, letter.subject) == ((event.id,), event.subject)
    assert (letter.version, letter.rank) == (7, event.operation.rank)


def test_a_batch_about_several_subjects_has_no_subject() -> None:
    body = encode_batch([of_person(1, 1), of_person(2, 1)])
    letter = opened(delivery("dead.registry.writer.live", body), NOW)
    assert (letter.subject, len(letter.record_ids)) == ("", 2)


def test_a_raw_letter_knows_its_ministry_and_when_it_was_published() -> None:
    told = {"x-qovsaq-published-at": "1970-01-01T00:00:01+00:00"}
    letter = opened(delivery("dead.intake.health.live", b"<", **told), NOW)
    assert (letter.ministry, letter.lane, letter.record_type) == ("health", "live", "message")
    assert (letter.version, letter.journal_key) == (1_000_000, "m-1")


def test_a_letter_with_a_wrong_key_belongs_to_the_exchange_it_was_sent_to() -> None:
    headers = {SOURCE_EXCHANGE: "intake.justice"}
    assert opened(delivery("dead.intake.unrouted", b"<", **headers), NOW).ministry == "justice"


def test_what_cannot_be_read_is_a_letter_all_the_same() -> None:
    letter = opened(delivery("dead.registry.writer.live", b"\xff"), NOW)
    assert (letter.ministry, letter.record_type, letter.record_ids) == ("unknown", "batch", ())


def test_an_unopened_letter_has_the_id_of_the_opened_one() -> None:
    taken = delivery("dead.registry.writer.live", encode_batch([of_person(1, 1)]))
    assert unopened(taken, NOW).letter_id == opened(taken, NOW).letter_id
    assert unopened(taken, NOW).record_ids == ()


def test_a_record_that_was_received_twice_is_one_letter() -> None:
    event = of_person(1, 1)
    later = event.model_copy(update={"receivedtime": NOW})
    first, again = (
        opened(delivery("dead.registry.writer.live", encode_batch([each]), event.id), NOW)
        for each in (event, later)
    )
    assert first.body != again.body
    assert first.letter_id == again.letter_id
    assert unopened(delivery("dead.registry.writer.live", b"[", event.id), NOW).letter_id == (
        first.letter_id
    )


def test_the_id_tells_queues_messages_and_bodies_apart() -> None:
    ids = {letter_id(*parts) for parts in (("a", "b", "c"), ("ab", "", "c"), ("a", "", "bc"))}
    assert len(ids) == 3


def test_another_failure_is_another_occurrence_and_another_delivery_is_not() -> None:
    headers = {PARKED_AT: "2026-03-02T05:00:00+00:00"}
    first, again = (opened(delivery("dead.x.live", b"[", **headers), NOW) for _ in range(2))
    assert first.occurrence == again.occurrence
    later = opened(delivery("dead.x.live", b"[", **headers, **{REPLAY: "x.1"}), NOW)
    assert later.occurrence != first.occurrence
    assert later.letter_id == first.letter_id


def test_the_hubs_headers_tell_cause_field_attempts_and_time() -> None:
    headers: dict[str, Any] = {
        CAUSE: "canonical-content",
        EXPLANATION: "person.dateOfBirth: date_type",
        ATTEMPTS: 4,
        PARKED_AT: "2026-03-02T05:00:00+04:00",
    }
    letter = opened(delivery("dead.registry.writer.live", b"[", **headers), NOW)
    assert (letter.cause, letter.field, letter.attempts) == (
        "canonical-content", "person.dateOfBirth", 4,
    )  # fmt: skip
    assert letter.parked_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_nonsense_in_headers_is_taken_for_nothing() -> None:
    headers: dict[str, Any] = {ATTEMPTS: -1, PARKED_AT: "yesterday", CAUSE: "a\x00b"}
    letter = opened(delivery("dead.registry.writer.live", b"[", **headers), NOW)
    assert (letter.attempts, letter.parked_at, letter.cause) == (0, NOW, "a�b")


def test_only_a_path_before_a_colon_is_a_field() -> None:
    assert field_of("person.citizenship.0: string_type") == "person.citizenship.0"
    assert field_of("ValidationError after 5 attempts") == ""
    assert field_of("database: lost") == ""


def test_records_differ_by_path_and_lists_as_wholes() -> None:
    before = {"a": {"b": 1, "c": 2}, "d": [1]}
    after = {"a": {"b": 1, "c": 3}, "d": [1, 2], "e": "x"}
    assert list(between(before, after)) == [
        Change("a.c", 2, 3), Change("d", [1], [1, 2]), Change("e", None, "x"),
    ]  # fmt: skip


def test_documents_differ_by_line() -> None:
    assert of_texts(b"one\ntwo", b"one\nthree")[-2:] == ["-two", "+three"]


def test_states_are_ready_waiting_or_neither() -> None:
    assert {state for state in State if state.ready} == {State.PARKED, State.APPROVED}
    assert {state for state in State if state.waiting} == {
        State.PARKED, State.PROPOSED, State.APPROVED,
    }  # fmt: skip


def test_two_names_may_be_one_person_only_where_one_saw_the_others_token() -> None:
    root, one, two = Operator("root"), Operator("one", "root"), Operator("two", "root")
    assert one.may_be(one)
    assert one.may_be(root)
    assert root.may_be(one)
    assert not one.may_be(two)
    assert not root.may_be(Operator("later", "one"))
