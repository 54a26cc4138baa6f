"""Messages as a ministry might send them, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connectors._kit.contract import Item, Normalized, RawMessage, Rejected
from tests.connectors.golden import RECEIVED_AT


def message(
    ministry: str, body: str | bytes, content_type: str, received_at: datetime = RECEIVED_AT
) -> RawMessage:
    """A raw message of ``ministry``; text is sent in UTF-8."""
    data = body.encode() if isinstance(body, str) else body
    return RawMessage(ministry, "test-message", content_type, data, received_at)


def accepted(items: Iterable[Item]) -> list[Normalized]:
    """The items, of which none may be a refusal."""
    found = list(items)
    assert [item for item in found if isinstance(item, Rejected)] == []
    return [item for item in found if isinstance(item, Normalized)]


def refusals(items: Iterable[Item]) -> list[tuple[int, str, str]]:
    """Ordinal, rule and field of every refused item."""
    return [
        (item.ordinal, item.error.rule, item.error.field)
        for item in items
        if isinstance(item, Rejected)
    ]


def content(item: Normalized) -> dict[str, Any]:
    """The record of an accepted item as its JSON."""
    assert item.record is not None
    return item.record.model_dump(mode="json", exclude_none=True)
