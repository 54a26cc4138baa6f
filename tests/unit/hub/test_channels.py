"""Which connections are protected on the way, and that the others are refused."""

from __future__ import annotations

import pytest

from hub.channels import broker_is_protected, database_is_protected
from hub.settings import InvalidSettings, load, table

SAFE = "?sslmode=verify-full"


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in table():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "protected"),
    [
        ("amqps://u:p@broker.test:5671/hub", True),
        ("amqp://u:p@127.0.0.1:5672/%2F", True),
        ("amqp://u:p@[::1]:5672/%2F", True),
        ("amqp://u:p@localhost", True),
        ("amqp://u:p@broker.test/hub", False),
        ("amqp://u:p@broker.test?heartbeat=7", False),
        ("amqp://127.0.0.1@broker.test", False),
        ("amqps://one.test;amqp://two.test", False),
        ("amqps://one.test;amqps://two.test", True),
    ],
)
def test_a_broker_is_reached_over_tls_or_on_this_machine(url: str, protected: bool) -> None:
    assert broker_is_protected(url) is protected


@pytest.mark.parametrize(
    ("url", "protected"),
    [
        ("postgresql://u:p@db.test/hub", False),
        (f"postgresql://u:p@db.test/hub{SAFE}", True),
        ("postgresql://u:p@db.test/hub?sslmode=verify-ca", True),
        ("postgresql://u:p@db.test/hub?sslmode=require", False),
        ("postgresql://u:p@db.test/hub?sslmode=prefer", False),
        ("postgresql://u:p@127.0.0.1:5432/hub", True),
        ("postgresql://u@/hub", True),
        ("postgresql://u@/hub?host=/run/postgresql", True),
        ("postgresql://u@127.0.0.1/hub?host=db.test", False),
        ("postgresql://u@localhost/hub?hostaddr=10.0.0.1", False),
        ("postgresql://u:p@127.0.0.1:1,db.test:2/hub", False),
        (f"postgresql://u:p@one.test:1,two.test:2/hub{SAFE}", True),
    ],
)
def test_a_database_is_reached_over_verified_tls_or_on_this_machine(
    url: str, protected: bool
) -> None:
    assert database_is_protected(url) is protected


def test_a_plain_connection_to_another_machine_is_refused_unless_a_setting_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QOVSAQ_BROKER_URL", "amqp://u:s3cret@broker.test/hub")
    monkeypatch.setenv("QOVSAQ_DATABASE_URL", "postgresql://u:s3cret@db.test/hub")
    with pytest.raises(InvalidSettings) as refused:
        load()
    first, second = refused.value.problems
    assert first.startswith("QOVSAQ_BROKER_URL: leaves this machine unprotected; use amqps://")
    assert second.startswith("QOVSAQ_DATABASE_URL: leaves this machine unprotected; use ?sslmode=")
    assert "s3cret" not in str(refused.value)
    monkeypatch.setenv("QOVSAQ_ALLOW_PLAIN", "true")
    assert load().allow_plain
