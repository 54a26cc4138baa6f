"""The servers under the tests keep their promises; otherwise every other result is in doubt."""

from __future__ import annotations

import pika
import psycopg
import pytest
from pika.exceptions import AMQPError

from tests.support.private_broker import PrivateBroker
from tests.support.rabbitmq import Broker, Depth, connected
from tests.support.servers import wait_until


@pytest.mark.database
def test_every_test_has_a_migrated_database_of_its_own(
    database_url: str, template_database: str
) -> None:
    with psycopg.connect(database_url) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        schemas = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")}
    assert name != template_database
    assert "evidence" in schemas


@pytest.mark.database
def test_an_empty_database_has_no_tables_of_ours(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        schemas = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")}
    assert not {"evidence", "registry"} & schemas


@pytest.mark.broker
def test_a_clean_broker_has_no_queue_or_exchange_of_an_earlier_test(
    broker: Broker, clean_broker: str
) -> None:
    with connected(clean_broker) as channel:
        channel.queue_declare("left-over", durable=True, arguments={"x-queue-type": "quorum"})
        channel.exchange_declare("left-over", "topic", durable=True)
    vhost = clean_broker.rpartition("/")[2]

    broker.administration.clear(vhost, clean_broker)

    exchanges = broker.administration.table("list_exchanges", "-p", vhost, "name")
    assert broker.administration.depths(vhost) == {}
    assert [row for row in exchanges if row["name"] == "left-over"] == []


@pytest.mark.broker
def test_a_private_broker_that_was_killed_comes_back_with_its_confirmed_messages(
    private_broker: PrivateBroker,
) -> None:
    with connected(private_broker.url) as channel:
        channel.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
        private_broker.settle()
        channel.confirm_delivery()
        for _ in range(3):
            channel.basic_publish("", "kept", b"", pika.BasicProperties(delivery_mode=2))
        channel.basic_get("kept")
        wait_until(lambda: private_broker.list_queues() == {"kept": Depth(2, 1)}, 60, "the count")

        private_broker.kill()
        with pytest.raises(AMQPError):
            channel.basic_get("kept")

    private_broker.start()

    wait_until(lambda: private_broker.list_queues() == {"kept": Depth(3, 0)}, 60, "the messages")
