"""The yard on which plants are run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.simulator.stream import stream
from tests.reliability.plant import Yard
from tests.support.postgres import PostgresServer

START = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture
def yard(postgres: PostgresServer, template_database: str, tmp_path: Path) -> Yard:
    """Messages with many faults among them, and the registry they must lead to."""
    messages = list(stream(60, 11, 0.15, (), START))
    return Yard(postgres, template_database, messages, (), tmp_path).expecting(messages)
