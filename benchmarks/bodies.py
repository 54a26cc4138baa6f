"""The bodies that subscribe in a run, with grants that two operators put in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay

from hub import outbound
from hub.bootstrap import Hub
from hub.delivery import subscribers
from hub.delivery.subscriber import Subscriber
from hub.evidence import operators
from routing import control
from routing.topology import Topology
from schemas.errors import Unavailable
from schemas.grant_document import GrantDocument
from schemas.subscriber_document import SubscriberDocument

_PATIENCE = 120
_GRANTED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "outside-4": {"employment_contract": ("contract", "worker", "employer", "startDate", "status")},
    "4.1.2": {
        "person": ("identifier", "givenName", "familyName", "dateOfBirth"),
        "identity_document": ("document", "holder", "number", "status"),
    },
}


def name_of(number: int) -> str:
    """The name of a body, by its number from 0."""
    return f"body-{number}"


class Unhindered:
    """The broker's rights, left as they are: the run's readers come as its owner."""

    def introduce(self, subscriber: str, password: str) -> None:
        """Nothing."""

    def permit(self, subscriber: str) -> None:
        """Nothing."""

    def forbid(self, subscriber: str) -> None:
        """Nothing."""


@retry(retry=retry_if_exception_type(Unavailable), stop=stop_after_delay(_PATIENCE))
def declare(broker_url: str, topology: Topology) -> None:
    """Nothing is measured yet: a busy machine may take its time."""
    control.declare(broker_url, topology)


def admit(hub: Hub, broker_url: str, bodies: int) -> None:
    """Enter the bodies and put their grants in force, as two operators do."""
    now, database = datetime.now(UTC), hub.database("bench")
    with database.transaction() as tx:
        first = operators.add(tx, "first", None, now)
        second, third = (operators.add(tx, name, first, now) for name in ("second", "third"))
    opened = outbound.governance(hub)
    recaller = replace(opened.recaller, administration=Unhindered())
    governance = replace(opened, administration=Unhindered(), recaller=recaller)
    for number in range(bodies):
        document = _body(number)
        subscriber = Subscriber.of(document)
        with database.transaction() as tx:
            subscribers.put(tx, first, document, now)
        declare(broker_url, subscribers.topology_of(subscriber))
        with database.transaction() as tx:
            subscribers.bound(tx, document.subscriber, datetime.now(UTC))
        for grant in _grants(document.subscriber):
            version = governance.propose(second, grant, "measured")
            governance.decide(third, grant.grant, version, approve=True, reason="measured")
    governance.database.close()
    database.close()


def _body(number: int) -> SubscriberDocument:
    records = [record for fields in _GRANTED.values() for record in fields]
    told = {"subscriber": name_of(number), "title": f"Body {number}", "channel": "amqp"}
    return SubscriberDocument.model_validate(told | {"records": records})


def _grants(body: str) -> Iterator[GrantDocument]:
    for place, (category, fields) in enumerate(_GRANTED.items()):
        act: dict[str, Any] = {"act": "Synthetic law", "article": "1"}
        yield GrantDocument.model_validate(
            {
                "grant": f"{body}-{place}",
                "subscriber": body,
                "category": category,
                "level": "fields",
                "records": list(fields),
                "fields": {record: list(names) for record, names in fields.items()},
                "purpose": "to be measured",
                "legalBasis": act,
                "decision": {
                    "authority": "ASAN",
                    "checker": "Checker 1",
                    "number": "1",
                    "date": "2026-01-10",
                    "documentSha256": "0" * 64,
                },
                "validFrom": "2026-01-01T00:00:00Z",
                "validUntil": "2100-01-01T00:00:00Z",
            }
            | ({"outsideAct": act} if category == "outside-4" else {})
        )
