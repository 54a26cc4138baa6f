"""Where the tests find their servers; all of it optional (see README, "Tests")."""

from __future__ import annotations

import shlex

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SupportSettings(BaseSettings):
    """``QOVSAQ_TEST_DATABASE_URL``, ``QOVSAQ_TEST_BROKER_URL``, ``QOVSAQ_TEST_BROKER_CTL``, ``CI``.

    ``broker_ctl`` is the command that administers the broker of ``broker_url``, for instance
    ``docker compose exec -T rabbitmq rabbitmqctl``. ``QOVSAQ_TEST_SEED`` is what the reliability
    suite draws its streams, moments and places from; the seed in use is printed at the end.
    """

    model_config = SettingsConfigDict(env_prefix="QOVSAQ_TEST_", extra="ignore")

    database_url: str | None = None
    broker_url: str | None = None
    broker_ctl: str = "rabbitmqctl"
    seed: int = 7
    ci: bool = Field(default=False, validation_alias="CI")

    @property
    def broker_command(self) -> tuple[str, ...]:
        """``broker_ctl`` as an argument vector."""
        return tuple(shlex.split(self.broker_ctl))
