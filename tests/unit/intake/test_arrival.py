"""Reading a delivery as a ministry's message."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.intake.arrival import read
from routing.message import (
    CHANNEL,
    CORRELATION,
    PUBLISHED_AT,
    SERVICE,
    Delivery,
    HeaderValue,
    Tag,
)
from routing.outcome import Retry
from routing.parking import SOURCE_EXCHANGE, postponed
from routing.topology import Rung

NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
DELIVERY = Delivery(
    tag=Tag(1, 1),
    queue="intake.justice.bulk",
    exchange="intake.justice",
    routing_key="bulk",
    body=b"<a/>",
    message_id="m-1",
    content_type="text/xml",
)


def test_queue_names_ministry_and_lane() -> None:
    arrived = read(DELIVERY, NOW)
    assert (arrived.raw.ministry, arrived.lane) == ("justice", "bulk")
    assert arrived.raw.received_at == NOW
    assert arrived.refusal is None


def test_a_message_without_id_gets_one_derived_from_its_body() -> None:
    arrived = read(replace(DELIVERY, message_id=""), NOW)
    assert arrived.raw.message_id == "sha256-" + hashlib.sha256(b"<a/>").hexdigest()
    assert arrived.derived_id
    assert arrived.refusal is None


@pytest.mark.parametrize("message_id", ["a b", "x" * 201, "a\x00b", "ə", "a\r\nb"])
def test_an_unusable_id_is_refused_and_replaced(message_id: str) -> None:
    arrived = read(replace(DELIVERY, message_id=message_id), NOW)
    assert arrived.refusal is not None
    assert arrived.refusal.rule == "message-id-format"
    assert arrived.raw.message_id.startswith("sha256-")


def test_a_wrong_routing_key_is_refused_in_the_name_of_its_exchange() -> None:
    arrived = read(replace(DELIVERY, queue="intake.unrouted", routing_key="lve"), NOW)
    assert arrived.raw.ministry == "justice"
    assert arrived.refusal is not None
    assert arrived.refusal.rule == "unroutable-key"


def test_a_wrong_key_that_waited_on_the_ladder_keeps_its_ministry() -> None:
    returned = replace(
        DELIVERY, queue="intake.unrouted", exchange="", headers={SOURCE_EXCHANGE: "intake.health"}
    )
    assert read(returned, NOW).raw.ministry == "health"


def test_a_source_header_set_by_a_sender_is_not_believed() -> None:
    forged = replace(DELIVERY, queue="intake.unrouted", headers={SOURCE_EXCHANGE: "intake.health"})
    assert read(forged, NOW).raw.ministry == "justice"


@pytest.mark.parametrize(("user", "refused"), [(None, False), ("justice", False), ("health", True)])
def test_a_verified_user_must_be_the_ministry(user: str | None, refused: bool) -> None:
    arrived = read(replace(DELIVERY, user_id=user), NOW)
    assert (arrived.refusal is not None) is refused
    assert arrived.sender == user


def test_what_goes_to_the_journal_is_the_message_as_it_came() -> None:
    headers: dict[str, HeaderValue] = {
        PUBLISHED_AT: "2026-03-02T04:59:00+00:00",
        "x-n": 7,
    }
    sealed = read(replace(DELIVERY, headers=headers), NOW).sealed(3)
    assert sealed.body == b"<a/>"
    assert sealed.channel == "direct"
    assert sealed.published_at == datetime(2026, 3, 2, 4, 59, tzinfo=UTC)
    assert sealed.headers["x-n"] == "7"
    assert sealed.records == 3


@pytest.mark.parametrize("text", ["yesterday", "2026-03-02T04:59:00", ""])
def test_a_publishing_time_that_says_nothing_is_left_out(text: str) -> None:
    assert read(replace(DELIVERY, headers={PUBLISHED_AT: text}), NOW).sealed(1).published_at is None


def test_headers_are_safe_to_store() -> None:
    headers = {"x\x00": "a\x00b" + "c" * 9000}
    found = read(replace(DELIVERY, headers=headers), NOW).raw.headers
    ((key, value),) = found.items() - {(CHANNEL, "direct")}
    assert "\x00" not in key + value
    assert len(value) == 8000


OVER_EHIS = replace(
    DELIVERY,
    exchange="intake.ehis",
    routing_key="justice.live",
    headers={CORRELATION: "c-1", SERVICE: "s-1"},
)


def test_what_came_over_ehis_says_so_and_keeps_its_conversation() -> None:
    raw = read(OVER_EHIS, NOW).raw
    assert (raw.ministry, raw.headers[CHANNEL]) == ("justice", "ehis")
    assert (raw.headers[CORRELATION], raw.headers[SERVICE]) == ("c-1", "s-1")


def test_it_still_came_over_ehis_when_it_comes_back_from_the_ladder() -> None:
    kept = dict(OVER_EHIS.headers) | {SOURCE_EXCHANGE: "intake.ehis"}
    returned = replace(OVER_EHIS, exchange="", headers=kept)
    assert read(returned, NOW).raw.headers[CHANNEL] == "ehis"


def test_a_ministry_cannot_say_that_it_came_over_ehis() -> None:
    headers: dict[str, HeaderValue] = {CHANNEL: "ehis", CORRELATION: "c-1", SERVICE: "s-1"}
    forged = read(replace(DELIVERY, headers=headers | {SOURCE_EXCHANGE: "intake.ehis"}), NOW).raw
    assert forged.headers[CHANNEL] == "direct"
    assert forged.headers.keys().isdisjoint({CORRELATION, SERVICE})


def test_a_correction_of_the_desk_is_its_own_channel_and_no_sender_can_feign_one() -> None:
    corrected = replace(DELIVERY, exchange="", headers={CHANNEL: "desk"})
    assert read(corrected, NOW, {"justice"}).raw.headers[CHANNEL] == "desk"
    assert read(corrected, NOW, {"justice"}).refusal is None
    feigned = replace(DELIVERY, headers={CHANNEL: "desk"})
    assert read(feigned, NOW).raw.headers[CHANNEL] == "direct"
    again = postponed(feigned, Retry(Rung("5s", 5), 1))
    assert CHANNEL not in again.headers


def test_who_must_come_over_ehis_is_refused_on_any_other_way() -> None:
    refusal = read(DELIVERY, NOW, {"justice"}).refusal
    assert refusal is not None
    assert refusal.rule == "channel-not-allowed"
    assert read(OVER_EHIS, NOW, {"justice"}).refusal is None
    assert read(DELIVERY, NOW, {"labour"}).refusal is None
