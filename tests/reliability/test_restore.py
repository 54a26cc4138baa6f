"""A database that is lost under load, and restored from a backup that was made under load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.simulator.account import Account
from tests.reliability.stage import Stage
from tests.support.commands import CommandLine
from tests.support.postgres import PostgresServer

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]
JOURNALLED = "SELECT count(*) AS n FROM evidence.journal"


@pytest.fixture
def losing(postgres: PostgresServer, database_url: str) -> Callable[[], None]:
    """Loses the database, and leaves an empty one in its place."""
    name = urlsplit(database_url).path.strip("/")

    def lose() -> None:
        postgres.drop(name)
        postgres.create(name, "template0")

    return lose


def test_what_a_restored_database_lacks_comes_again_and_counts_once(
    stage: Callable[..., Stage], losing: Callable[[], None], tmp_path: Path
) -> None:
    played = stage()
    qovsaq = CommandLine(
        {"QOVSAQ_DATABASE_URL": played.database_url, "QOVSAQ_BROKER_URL": played.direct_url}
    )
    sent, half = played.traffic.messages, len(played.traffic.messages) // 2
    with played.working():
        with played.sending(sent[:half]):
            played.wait_for(0.05)
            made = qovsaq("backup", "--to", str(tmp_path / "kept"), "--verify", "--json")
        assert made.status == 0, made.out + made.err
        assert made.json["verified"] is True
        backed_up: dict[str, Any] = made.json["manifest"]
        with played.sending(sent[half:]):
            played.wait_for(0.6)
    lost = played.rows(JOURNALLED)[0]["n"]
    assert lost > backed_up["tables"]["evidence.journal"], "nothing came after the backup"
    losing()
    restored = qovsaq("restore", made.json["folder"], "--json")
    assert restored.status == 0, restored.out + restored.err
    assert played.rows(JOURNALLED)[0]["n"] == backed_up["tables"]["evidence.journal"]

    with played.working(), Account(tmp_path / "again") as again:
        with played.sending(account=again):  # the ministries do as the restore tells them
            pass
        played.come_to_rest()
    assert played.problems() == []
    assert qovsaq("ledger").status == 0
    assert qovsaq("audit", "verify").status == 0
