"""The sample in the how-to verifies what the hub signs, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.delivery.signing import Secret, signed

HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "receive-deliveries.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_b3RoZXIgc2VjcmV0IG9mIDI0IGJ5dGVz"
BODY = b'[{"id":"1"}]'


@pytest.fixture(scope="module")
def is_genuine() -> Callable[..., bool]:
    (sample,) = re.findall(r"```python\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(sample, str(HOWTO), "exec"), names)
    verify: Callable[..., bool] = names["is_genuine"]
    return verify


def headers(at: datetime, *secrets: str) -> dict[str, str]:
    return signed("d-1", BODY, [Secret.parse(secret) for secret in secrets], at)


def test_a_delivery_is_genuine_also_while_the_secret_changes(
    is_genuine: Callable[..., bool],
) -> None:
    now = datetime.now(UTC)
    assert is_genuine(SECRET, headers(now, SECRET), BODY)
    assert is_genuine(SECRET, headers(now, NEW, SECRET), BODY)
    assert is_genuine(NEW, headers(now, NEW, SECRET), BODY)


def test_another_secret_body_id_or_time_is_not(is_genuine: Callable[..., bool]) -> None:
    now = datetime.now(UTC)
    right = headers(now, SECRET)
    assert not is_genuine(NEW, right, BODY)
    assert not is_genuine(SECRET, right, BODY + b" ")
    assert not is_genuine(SECRET, right | {"webhook-id": "d-2"}, BODY)
    later = str(int(now.timestamp()) + 1)
    assert not is_genuine(SECRET, right | {"webhook-timestamp": later}, BODY)
    assert not is_genuine(SECRET, headers(now - timedelta(minutes=6), SECRET), BODY)
