from __future__ import annotations

from datetime import UTC, datetime

from routing import parking
from routing.message import ATTEMPTS, CAUSE, ORIGIN, Delivery, HeaderValue, Tag
from routing.outcome import Park, Retry
from routing.topology import Rung

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RETRY = Retry(Rung("5s", 5), 2)


def delivery(exchange: str = "canonical", **headers: HeaderValue) -> Delivery:
    return Delivery(
        tag=Tag(1, 1),
        queue="registry.writer.live",
        exchange=exchange,
        routing_key="live.c412.person.v1.interior",
        body=b"[1,2]",
        message_id="m-1",
        content_type="application/json",
        user_id="interior",
        timestamp=NOW,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_a_postponed_message_names_its_origin_queue_and_counts() -> None:
    message = parking.postponed(delivery(), RETRY, body=b"[2]", message_id="m-2")
    assert (message.exchange, message.routing_key) == ("retry.5s", "registry.writer.live")
    assert (message.body, message.message_id) == (b"[2]", "m-2")
    assert message.headers[ATTEMPTS] == 2
    assert message.timestamp == NOW


def test_the_sender_s_user_id_is_not_claimed_by_us() -> None:
    assert parking.postponed(delivery(), RETRY).user_id is None
    assert parking.parked(delivery(), Park("x", "y"), NOW).user_id is None


def test_headers_of_a_sender_cannot_pose_as_ours() -> None:
    forged = delivery("intake.interior", x_qovsaq_origin="elsewhere", x_own="kept")
    headers = parking.postponed(forged, RETRY).headers
    assert headers[ORIGIN] == "registry.writer.live"
    assert headers["x-own"] == "kept"


def test_what_came_back_keeps_where_it_came_from_first() -> None:
    first = parking.postponed(delivery(), RETRY)
    back = Delivery(
        Tag(1, 2), "registry.writer.live", "", "registry.writer.live", b"", headers=first.headers
    )
    headers = parking.parked(back, Park("x", "y"), NOW).headers
    assert headers[parking.SOURCE_EXCHANGE] == "canonical"
    assert headers[parking.SOURCE_KEY] == "live.c412.person.v1.interior"


def test_what_the_broker_noted_is_left_behind() -> None:
    noted = delivery(x_delivery_count=3, x_first_death_queue="retry.5s")
    assert not parking.postponed(noted, RETRY).headers.keys() & {
        "x-delivery-count",
        "x-first-death-queue",
    }


def test_a_parked_message_says_why_and_when() -> None:
    message = parking.parked(delivery(), Park("two-fins", "a decision"), NOW, attempts=3)
    assert (message.exchange, message.routing_key) == ("", "dead.registry.writer.live")
    assert message.headers[CAUSE] == "two-fins"
    assert message.headers[parking.EXPLANATION] == "a decision"
    assert message.headers[parking.PARKED_AT] == "2026-03-02T09:00:00+00:00"
    assert message.headers[ATTEMPTS] == 3
