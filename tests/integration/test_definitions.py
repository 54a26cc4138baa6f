"""The users that the containers' broker is given can do what they are for, and nothing else."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pika.exceptions import ChannelClosedByBroker

from connectors._kit.discover import discover
from routing import keys
from routing.control import check, declare
from routing.topology import topology
from tests.support.private_broker import PrivateBroker
from tests.support.rabbitmq import connected

pytestmark = pytest.mark.broker

SECRETS = Path(__file__).parents[2] / "ops" / "docker" / "secrets.sh"


def test_each_ministry_publishes_with_its_password_to_its_own_exchange_alone(
    private_broker: PrivateBroker, tmp_path: Path
) -> None:
    subprocess.run([SECRETS, tmp_path / "secrets"], check=True, timeout=200)
    administration = private_broker.broker.administration
    # The node runs under another user than the test may.
    tmp_path.chmod(0o755)
    (tmp_path / "secrets").chmod(0o755)
    administration.run("import_definitions", str(tmp_path / "secrets" / "definitions.json"))
    assert {row["user"] for row in administration.table("list_users")} >= {"qovsaq", *discover()}

    place = urlsplit(private_broker.broker.url)
    port = place.port
    given = tomllib.loads((tmp_path / "secrets" / "hub.toml").read_text("utf-8"))
    hub = given["broker_url"].split("//")[1].split("@")[0]
    hub_url = f"amqp://{hub}@127.0.0.1:{port}/%2F"
    declare(hub_url, topology(discover()))
    assert check(hub_url, topology(discover())) == []

    passwords = dict(
        line.split() for line in (tmp_path / "ministry-passwords").read_text("utf-8").splitlines()
    )
    for name, password in passwords.items():
        url = f"amqp://{name}:{password}@127.0.0.1:{port}/%2F"
        with connected(url) as channel:
            channel.confirm_delivery()
            channel.basic_publish(keys.intake_exchange(name), "live", b"{}", mandatory=True)
            assert channel.queue_declare(keys.notice_queue(name), passive=True) is not None
        other = "labour" if name != "labour" else "justice"
        with connected(url) as channel, pytest.raises(ChannelClosedByBroker, match="REFUSED"):
            channel.queue_declare(keys.notice_queue(other), passive=False)
        with connected(url) as channel:
            channel.confirm_delivery()
            with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
                channel.basic_publish(keys.intake_exchange(other), "live", b"{}", mandatory=True)
