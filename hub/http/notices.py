"""Notices for the ministry they are meant for: read, grouped by rule, and acknowledged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from hub.evidence import audit, noticeboard
from hub.evidence.audit import Act
from hub.evidence.noticeboard import Chosen, Stand
from hub.store.database import Transaction
from schemas.errors import Refused

MOST = 100
MOST_BYTES = 64 * 1024
_ID = re.compile(r"[0-9a-f]{32}")
_STANDS = frozenset(map(str, Stand))


def listed(tx: Transaction, ministry: str, asked: Mapping[str, str], today: date) -> dict[str, Any]:
    """List a ministry's notices, latest first, with counts by rule and where they stand.

    ``asked`` may have ``rule``, ``message``, ``stand`` and ``after``; ``next`` in the answer is the
    ``after`` of the next page. Raises ``Refused`` (``query``).
    """
    stand, after = asked.get("stand"), asked.get("after")
    if stand is not None and stand not in _STANDS:
        raise Refused("query", "stand", f"must be one of {', '.join(sorted(_STANDS))}")
    if after is not None and not _ID.fullmatch(after):
        raise Refused("query", "after", "must be the id of a notice")
    for name in ("rule", "message"):
        if "\0" in asked.get(name, ""):
            raise Refused("query", name, "no such text can be meant")
    chosen = Chosen(ministry, asked.get("rule"), asked.get("message"))
    rows = noticeboard.page(
        tx, chosen, today, stand=Stand(stand) if stand else None, most=MOST, after=after
    )
    found = [noticeboard.described(row) for row in rows]
    return {
        "groups": [
            {key: row[key] for key in ("rule", "kind", "stand", "notices", "records")}
            for row in noticeboard.groups(tx, Chosen(ministry), today)
        ],
        "notices": found,
        "next": found[-1]["noticeId"] if len(found) == MOST else None,
    }


def acknowledge(
    tx: Transaction, ministry: str, body: bytes, sender: str, now: datetime
) -> dict[str, Any]:
    """Note that a ministry has seen its notices: ``{"notices": [id, …]}`` or ``{"rule": …}``.

    Nobody acknowledges what others were told. Raises ``Refused`` (``json-syntax``, ``query``).
    """
    chosen = _chosen(ministry, body)
    seen = noticeboard.acknowledge(tx, chosen, f"sender:{sender}", now)
    objects = [f"notice:{each}" for each in chosen.ids or ()]
    for each in objects or [f"notices:{ministry}/{chosen.rule}"]:
        audit.record(tx, Act(f"sender:{sender}", "acknowledged", each), now)
    return {"acknowledged": seen}


def _chosen(ministry: str, body: bytes) -> Chosen:
    try:
        wish = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused("json-syntax", "", "this is not JSON") from None
    match wish:
        case {"notices": [*ids]} if len(wish) == 1 and 0 < len(ids) <= MOST:
            if not all(isinstance(each, str) and _ID.fullmatch(each) for each in ids):
                raise Refused("query", "notices", "must be ids of notices, 32 hexadecimal digits")
            return Chosen(ministry, ids=ids)
        case {"rule": str(rule)} if len(wish) == 1 and 0 < len(rule) <= MOST and "\0" not in rule:
            return Chosen(ministry, rule)
        case _:
            raise Refused("query", "", f"give up to {MOST} notices, or the rule of all to be seen")
