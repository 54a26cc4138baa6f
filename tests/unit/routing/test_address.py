from __future__ import annotations

import pytest

from routing import address
from schemas.errors import Stop


def test_heartbeats_are_on_unless_the_url_says_otherwise() -> None:
    [usual] = address.parameters("amqp://broker.test/hub")
    [own] = address.parameters("amqp://broker.test/hub?heartbeat=7")
    assert (usual.heartbeat, own.heartbeat) == (20, 7)


def test_amqps_verifies_the_server_with_both_clients() -> None:
    url = "amqps://user:pass@broker.test/hub"
    [parameters] = address.parameters(url)
    assert parameters.ssl_options.context.check_hostname
    assert parameters.port == 5671
    [connection] = address.connections(url)
    assert connection.ssl == {"server_hostname": "broker.test"}
    assert connection.port == 5671


def test_plain_amqp_is_plain() -> None:
    [connection] = address.connections("amqp://user:pass@broker.test/hub")
    assert not connection.ssl
    assert (connection.userid, connection.virtual_host) == ("user", "hub")


def test_a_cluster_is_several_brokers() -> None:
    nodes = address.parameters("amqp://one.test;amqp://two.test")
    assert [node.host for node in nodes] == ["one.test", "two.test"]


@pytest.mark.parametrize(
    "url",
    [
        "http//guest:s3cret@broker",
        "ftp://guest:s3cret@broker",
        "amqp://guest:s3cret@broker:99999",
        "amqp://guest:s3cret@broker/?no_such_option=1",
        "amqps://guest:s3cret@broker/?ssl_options={'ca_certs':'/no/such/file'}",
    ],
)
def test_an_unreadable_url_stops_without_showing_the_password(url: str) -> None:
    with pytest.raises(Stop) as caught:
        address.parameters(url)
    assert "s3cret" not in str(caught.value)
