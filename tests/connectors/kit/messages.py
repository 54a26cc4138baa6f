"""Raw messages for tests of the kit."""

from __future__ import annotations

from connectors._kit.contract import RawMessage
from tests.connectors.golden import RECEIVED_AT


def message(body: bytes | str, content_type: str = "text/xml") -> RawMessage:
    data = body if isinstance(body, bytes) else body.encode()
    return RawMessage("justice", "m-1", content_type, data, RECEIVED_AT)
