"""What a test does without the server it needs: skip loudly, or fail where one was promised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from tests.support.servers import NoServer
from tests.support.settings import SupportSettings

SETTINGS = SupportSettings()


@contextmanager
def needing(what: str) -> Iterator[None]:
    """Turn ``NoServer`` into a skip that shouts, or into a failure where ``CI=true``."""
    try:
        yield
    except NoServer as error:
        _absent(f"NO {what.upper()} FOR TESTS: {error}")


def _absent(reason: str) -> NoReturn:
    if SETTINGS.ci:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
