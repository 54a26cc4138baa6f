"""A ministry's broker user can do what a ministry does, and nothing else.

The users are made by ``ops/rabbitmq/grant.sh``, as in operation.
"""

from __future__ import annotations

import shlex
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from routing import keys
from routing.control import declare
from routing.topology import topology
from tests.support.needs import needing
from tests.support.rabbitmq import Broker, connected
from tests.support.servers import NoServer

pytestmark = [pytest.mark.broker]

GRANT = Path(__file__).parents[2] / "ops" / "rabbitmq" / "grant.sh"
MINISTRIES = ("justice", "interior", "labour", "health", "economy", "migration")
PAIRS = list(permutations(MINISTRIES, 2))
ACCESS_REFUSED = 403


def grant(broker: Broker, ministry: str, vhost: str, user: str) -> None:
    control = f"RABBITMQCTL={shlex.join(broker.administration.command)}"
    done = subprocess.run(
        ["env", control, str(GRANT), ministry, vhost, user],
        input="secret\n",
        text=True,
        check=False,
        capture_output=True,
        timeout=200,
    )
    if done.returncode:
        raise NoServer(f"no user could be created: {done.stderr.strip()}")


@pytest.fixture(scope="module")
def urls(broker: Broker) -> Iterator[dict[str, str]]:
    """URL of a declared bus for the user of each ministry."""
    with ExitStack() as stack:
        # Users belong to the whole broker: names of this module's own.
        admin_url = stack.enter_context(broker.vhost(f"qovsaq_test_{uuid.uuid4().hex[:12]}"))
        vhost = admin_url.rpartition("/")[2]
        declare(admin_url, topology(MINISTRIES))
        found = {}
        for ministry in MINISTRIES:
            user = f"{vhost}_{ministry}"
            with needing("broker users"):
                grant(broker, ministry, vhost, user)
            stack.callback(broker.administration.run, "delete_user", user)
            found[ministry] = admin_url.replace("guest:guest", f"{user}:secret")
        yield found


def publish(url: str, exchange: str, key: str = "live", user_id: str | None = None) -> None:
    properties = pika.BasicProperties(message_id="1", content_type="text/xml", user_id=user_id)
    with connected(url) as channel:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"<x/>", properties, mandatory=True)


def refused(url: str, method: str, *arguments: Any, **options: Any) -> bool:
    with connected(url) as channel:
        try:
            getattr(channel, method)(*arguments, **options)
        except ChannelClosedByBroker as error:
            return bool(error.reply_code == ACCESS_REFUSED)
    return False


@pytest.mark.parametrize("ministry", MINISTRIES)
def test_a_ministry_publishes_on_both_lanes_of_its_own_exchange(
    urls: dict[str, str], ministry: str
) -> None:
    for lane in keys.LANES:
        publish(urls[ministry], keys.intake_exchange(ministry), lane)


@pytest.mark.parametrize(("sender", "other"), PAIRS)
def test_publishing_in_the_name_of_another_ministry_is_refused(
    urls: dict[str, str], sender: str, other: str
) -> None:
    with pytest.raises(ChannelClosedByBroker) as caught:
        publish(urls[sender], keys.intake_exchange(other))
    assert caught.value.reply_code == ACCESS_REFUSED


def test_the_pairs_of_sender_and_other_are_all_thirty() -> None:
    assert len(set(PAIRS)) == 30


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        (keys.CANONICAL, "live.c412.person.v1.justice"),
        (keys.DEFAULT, "registry.writer.live"),
        (keys.retry_exchange("5s"), "intake.justice.live"),
        (keys.INTAKE_UNROUTED, "live"),
        (keys.INTAKE_EHIS, "justice.live"),
    ],
)
def test_the_hubs_own_exchanges_are_closed_to_a_ministry(
    urls: dict[str, str], exchange: str, key: str
) -> None:
    with pytest.raises(ChannelClosedByBroker) as caught:
        publish(urls["justice"], exchange, key)
    assert caught.value.reply_code == ACCESS_REFUSED


def test_a_ministry_reads_its_own_notices_and_receipts_and_no_other_queue(
    urls: dict[str, str],
) -> None:
    own = {keys.notice_queue("justice"), keys.receipt_queue("justice")}
    queues = {queue.name for queue in topology(MINISTRIES).queues}
    readable = {queue for queue in queues if not refused(urls["justice"], "basic_get", queue)}
    assert readable == own


def test_a_ministry_can_neither_declare_delete_nor_bind(urls: dict[str, str]) -> None:
    url = urls["justice"]
    assert refused(url, "queue_declare", "mine")
    assert refused(url, "exchange_declare", "mine", "direct")
    assert refused(url, "queue_delete", keys.notice_queue("justice"))
    assert refused(url, "queue_purge", keys.intake_queue("justice", "live"))
    assert refused(url, "queue_bind", keys.notice_queue("justice"), keys.CANONICAL, "#")


def test_a_ministry_cannot_state_another_users_name(urls: dict[str, str]) -> None:
    with pytest.raises(ChannelClosedByBroker, match="user_id"):
        publish(urls["justice"], keys.intake_exchange("justice"), user_id="health")
