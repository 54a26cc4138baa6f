"""To whom a person's data was disclosed, and who looked at it (decree 2.10.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, LiteralString

from hub.evidence import audit
from hub.evidence.viewing import pseudonym
from hub.registry.about import members_with
from hub.store.database import Row, Transaction, as_json

_DISCLOSURES: LiteralString = """
SELECT d.decided_at, d.subscriber, d.verdict, d.reason, d.missing, d.channel, d.record_id,
    d.record_type, d.ministry, d.fields, d.grant_id, d.grant_version,
    g.document ->> 'purpose' AS purpose, g.document #>> '{legalBasis,act}' AS act,
    g.document #>> '{legalBasis,article}' AS article, p.delivered_at, p.outcome
FROM outbound.disclosure d
LEFT JOIN outbound.grant_version g ON (g.grant_id, g.version) = (d.grant_id, d.grant_version)
LEFT JOIN outbound.custody c ON d.verdict = 'allowed'
    AND (c.subscriber, c.record_id, c.grant_id, c.grant_version)
      = (d.subscriber, d.record_id, d.grant_id, d.grant_version)
LEFT JOIN outbound.parcel p ON p.delivery_id = c.delivery_id
WHERE {condition}
ORDER BY d.decided_at, d.entry_id
"""

_OF_PERSONS = _DISCLOSURES.replace(
    "{condition}", "d.persons && ARRAY(SELECT jsonb_array_elements_text(%s::jsonb))"
)
_OF_RECORDS = _DISCLOSURES.replace(
    "{condition}",
    "d.record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))",
)


def of_person(tx: Transaction, subject: str) -> dict[str, Any]:
    """List disclosures of what names a person, by FİN or alias, and looks through the hub.

    A disclosure is ``allowed`` before it leaves; ``delivered_at`` is when the subscriber had it,
    None where that was not confirmed. Withheld records name nobody and are not listed.
    """
    known = members_with(tx, subject)
    objects = [pseudonym(tx, each) for each in known]
    return {
        "subject": known[0],
        "aliases": known[1:],
        "disclosures": tx.rows(_OF_PERSONS, [as_json(known)]),
        "looks": audit.about(tx, *objects),
    }


def of_records(tx: Transaction, record_ids: Iterable[str]) -> list[Row]:
    """List everything that was decided about disclosing some records, refusals too."""
    return tx.rows(_OF_RECORDS, [as_json(list(record_ids))])
