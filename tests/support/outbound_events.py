"""What an outbound bench deals in: grants, and events about persons and their papers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.delivery.custody import Due
from schemas.envelope import Event, Operation, make_event
from schemas.grant_document import GrantDocument
from schemas.identity_document import IdentityDocument
from schemas.person import Person

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday, noon in Baku."""

BODY = "pension-fund"


def document(**changes: Any) -> GrantDocument:
    """A grant of three fields of persons, valid through 2026."""
    return GrantDocument.model_validate(
        {
            "grant": "pensions-persons",
            "subscriber": BODY,
            "category": "4.1.2",
            "level": "fields",
            "records": ["person"],
            "fields": {"person": ["identifier", "givenName", "familyName"]},
            "purpose": "to pay pensions",
            "legalBasis": {"act": "Law on Pensions", "article": "7"},
            "decision": {
                "authority": "ASAN",
                "checker": "Checker 1",
                "number": "17",
                "date": "2026-01-10",
                "documentSha256": "0" * 64,
            },
            "validFrom": "2026-01-01T00:00:00Z",
            "validUntil": "2027-01-01T00:00:00Z",
        }
        | changes
    )


def person(number: int, *, sequence: int = 1, operation: Operation = Operation.CHANGE) -> Event:
    """An event about the person with this number."""
    record = Person.model_validate(
        {
            "identifier": {"notation": f"TST{number:04d}", "type": "urn:az:pid:fin"},
            "givenName": "Sınaq",
            "familyName": "Nümunəyev",
            "sex": "male",
            "dateOfBirth": "1980-05",
        }
    )
    bare = operation in (Operation.ANNUL, Operation.RESTORE)
    return make_event(
        Person,
        None if bare else record,
        subject=record.subject,
        fact_key="",
        ministry="interior",
        message_id=f"{number}-{sequence}-{operation}",
        ordinal=0,
        operation=operation,
        occurred_at=START,
        sequence=sequence,
        received_at=START,
    )


def paper(number: int) -> Event:
    """An event about the identity document with this number."""
    record = IdentityDocument.model_validate(
        {
            "document": {"notation": f"AA{number:07d}", "type": "urn:az:pid:doc"},
            "holder": {"notation": f"TST{number:04d}", "type": "urn:az:pid:fin"},
            "documentType": "citizen-card",
            "number": f"{number:07d}",
            "dateIssued": "2020-01-02",
            "status": "valid",
        }
    )
    return make_event(
        IdentityDocument,
        record,
        subject=record.subject,
        fact_key="",
        ministry="interior",
        message_id=f"paper-{number}",
        ordinal=0,
        operation=Operation.CHANGE,
        occurred_at=START,
        sequence=1,
        received_at=START,
    )


def due(*events: Event) -> list[Due]:
    """What the worker makes of events from the queue."""
    return [Due(event, "live") for event in events]
