"""The document of a subscriber: a channel, and what belongs to it and to no other."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hub.delivery.subscriber import Subscriber, check_channel
from schemas.errors import Stop
from schemas.subscriber_document import SubscriberDocument

BODY = {"subscriber": "fund", "title": "A fund", "records": ["person"]}
CHANNELS: list[dict[str, Any]] = [
    {"channel": "amqp"},
    {"channel": "webhook", "endpoint": "https://fund.example/"},
    {"channel": "soap", "endpoint": "https://fund.example/"},
    {"channel": "ehis", "service": "fund.persons"},
    {"channel": "lookup", "records": []},
]


def document(given: dict[str, Any]) -> SubscriberDocument:
    return SubscriberDocument.model_validate({**BODY, **given})


@pytest.mark.parametrize("given", CHANNELS, ids=lambda given: given["channel"])
def test_a_subscriber_s_document_comes_back_as_it_was_entered(given: dict[str, Any]) -> None:
    entered = document(given)
    assert Subscriber.of(entered).document() == entered


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"channel": "webhook"}, "endpoint"),
        ({"channel": "soap"}, "endpoint"),
        ({"channel": "ehis"}, "service"),
        ({"channel": "ehis", "service": "two words"}, "service"),
        ({"channel": "ehis", "service": "s", "endpoint": "https://fund.example/"}, "endpoint"),
        ({"channel": "amqp", "endpoint": "https://fund.example/"}, "endpoint"),
        ({"channel": "amqp", "service": "s"}, "service"),
        ({"channel": "lookup"}, "records"),
        ({"channel": "amqp", "records": ["stranger"]}, "no record stranger"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
def test_what_does_not_belong_to_its_channel_is_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        document(given)


@pytest.mark.parametrize("given", CHANNELS, ids=lambda given: given["channel"])
def test_who_is_served_over_ehis_only_has_that_channel(given: dict[str, Any]) -> None:
    body = Subscriber.of(document(given))
    check_channel(body.name, body.channel, ["somebody-else"])
    if given["channel"] == "ehis":
        check_channel(body.name, body.channel, ["fund"])
    else:
        with pytest.raises(Stop, match="EHIS_ONLY"):
            check_channel(body.name, body.channel, ["fund"])
