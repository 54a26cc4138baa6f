"""``qovsaq connectors``."""

from __future__ import annotations

from typing import Any

from connectors._kit.contract import Connector
from connectors._kit.discover import discover, fingerprint
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings

_SHORT = 12


def connectors(as_json: AsJson = False) -> None:
    """List the discovered connectors: dialect, records, contract fingerprint."""
    command_settings()
    found = [_described(connector) for connector in discover().values()]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            each["name"],
            each["title"],
            each["dialect"],
            ", ".join(each["records"]),
            ", ".join(each["polls"]),
            each["fingerprint"][:_SHORT],
        )
        for each in found
    ]
    show_table("Connectors", ("Name", "Body", "Dialect", "Records", "Polls", "Contract"), rows)


def _described(connector: Connector) -> dict[str, Any]:
    return {
        "name": connector.name,
        "title": connector.title,
        "dialect": connector.dialect,
        "contentTypes": connector.content_types,
        "records": [f"{kind.record_type}.v{kind.record_version}" for kind in connector.records],
        "polls": [poll.name for poll in connector.polls],
        "fingerprint": fingerprint(connector),
    }
