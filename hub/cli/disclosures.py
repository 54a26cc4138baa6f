"""``qovsaq disclosures``: to whom a person's data went, and who looked at it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.bootstrap import utc_now
from hub.cli.desk import plain
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.cli.viewing import Reason, as_seen, looking
from hub.evidence.viewing import pseudonym
from hub.inquiry.disclosures import of_person
from schemas.identifiers import parse_fin


def disclosures(
    fin: Annotated[str, typer.Argument(metavar="FIN", help="The person's FİN.")],
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """List to whom a person's data was disclosed: when, on which basis, which fields.

    Also under the person's aliases. That it was looked up is written to the audit.
    """
    settings = command_settings()
    identifier, _ = parse_fin(fin, settings.rules().namespaces)
    with looking(settings, "disclosures", reason) as (tx, viewer):
        found = of_person(tx, identifier.urn)
        at = pseudonym(tx, identifier.urn)
        viewer.looked(tx, "disclosures-viewed", at, utc_now(), outcome="shown")
    shown = as_seen(viewer, plain(found))
    if as_json:
        show_json(shown)
    else:
        _show(shown)


def _show(found: dict[str, Any]) -> None:
    title = "Disclosures of " + ", also ".join([found["subject"], *found["aliases"]])
    head = ("When", "To", "What", "Fields", "Basis", "Purpose", "Delivered")
    show_table(title, head, map(disclosure_row, found["disclosures"]))
    looks = [
        (look["at"][:19], look["actor"], look["action"], look["reason"] or "", look["outcome"])
        for look in found["looks"]
    ]
    show_table("Looked at through the hub", ("When", "By", "How", "Why", "Outcome"), looks)


def disclosure_row(row: dict[str, Any]) -> tuple[str, ...]:
    """Render one disclosure, or what was decided instead."""
    grant = f"{row['grant_id']} v{row['grant_version']}" if row["grant_id"] else ""
    basis = f"{row['act']}, {row['article']} ({grant})" if row["act"] else row["missing"] or ""
    allowed = row["verdict"] == "allowed"
    return (
        row["decided_at"][:19],
        f"{row['subscriber']} ({row['channel']})",
        row["record_type"],
        ", ".join(row["fields"]) if allowed else f"{row['verdict']}: {row['reason']}",
        basis,
        row["purpose"] or "",
        (row["delivered_at"] or row["outcome"] or "not confirmed")[:19] if allowed else "",
    )
