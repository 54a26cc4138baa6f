"""Notices of employment contracts and of social statuses: strict JSON, one or a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from connectors._kit.content import JSON
from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Reading, attempt
from connectors._kit.json import Object, parse_json
from connectors.labour import contracts, statuses
from schemas.errors import Refused

CONTENT_TYPES = JSON

_NOTICE = ("noticeId", "sentAt", "eventType", "eventTime")
_PARTS: Mapping[str, Callable[[Reading, Rules, int, Object], Normalized]] = {
    contracts.PART: contracts.employment_contract,
    statuses.PART: statuses.social_status,
}


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One record per notice: what it is about tells which."""
    notices = _notices(parse_json(raw, rules.limits, CONTENT_TYPES))
    for ordinal, notice in enumerate(notices):
        yield attempt(ordinal, partial(_record, Reading(raw, rules), rules, ordinal, notice))


def _notices(root: Object) -> list[Object]:
    if not root.has("notices"):
        if not any(root.has(name) for name in ("noticeId", "eventType", *_PARTS)):
            raise Refused("unknown-document", "", "expected a notice or an object with notices")
        return [root]
    root.only("notices")
    notices = root.children("notices")
    if not notices:
        raise Refused("required", "notices", "must hold at least one notice")
    return notices


def _record(reading: Reading, rules: Rules, ordinal: int, notice: Object) -> Normalized:
    """The record of a notice, which without any part is taken for one of a contract."""
    part = statuses.PART if notice.has(statuses.PART) else contracts.PART
    notice.only(*_NOTICE, part)
    return _PARTS[part](reading, rules, ordinal, notice)
