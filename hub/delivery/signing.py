"""Standard Webhooks: how a subscriber knows that a delivery is ours, whole and recent.

https://www.standardwebhooks.com, symmetric form: HMAC-SHA256 over id, time and body. While a
secret is being changed every delivery is signed with both, so that neither side has to hurry.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from schemas.errors import Stop

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64


@dataclass(frozen=True, slots=True)
class Secret:
    """A key that hub and subscriber share; it never shows in a text."""

    key: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``whsec_`` and base64 of 24 to 64 bytes; raise ``Stop``."""
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not text.startswith(_PREFIX) or not _LEAST <= len(key) <= _MOST:
            raise Stop(f"a signing secret is {_PREFIX} and base64 of {_LEAST} to {_MOST} bytes")
        return cls(key)


def signed(
    delivery_id: str, body: bytes, secrets: Sequence[Secret], now: datetime
) -> dict[str, str]:
    """Give the three headers of a delivery; one signature for each secret, newest first.

    ``now`` (aware) is the time of this attempt: receivers refuse what is older than minutes.
    """
    timestamp = str(int(now.timestamp()))
    content = b".".join((delivery_id.encode(), timestamp.encode(), body))
    signatures = (
        base64.b64encode(hmac.digest(secret.key, content, hashlib.sha256)).decode()
        for secret in secrets
    )
    return {
        ID: delivery_id,
        TIMESTAMP: timestamp,
        SIGNATURE: " ".join(f"v1,{signature}" for signature in signatures),
    }
