"""The Interior connector: SOAP 1.1 notifications, pushed to the queue or fetched by polling."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.content import SOAP
from connectors._kit.contract import Connector, Cut, Poll, Splitting
from connectors.interior.normalize import EVENTS, NAMESPACE, normalize
from schemas.citizenship import Citizenship
from schemas.identity_document import IdentityDocument
from schemas.person import Person
from schemas.residence_registration import ResidenceRegistration

CONNECTOR = Connector(
    name="interior",
    title="Ministry of Internal Affairs",
    dialect="SOAP 1.1, pushed and polled",
    content_types=SOAP,
    records=(Person, IdentityDocument, ResidenceRegistration, Citizenship),
    normalize=normalize,
    folder=Path(__file__).parent,
    polls=(
        Poll(
            name="notifications",
            wsdl="poll.wsdl",
            operation="FetchNotifications",
            content_type="text/xml",
        ),
    ),
    splitting=Splitting(xml=(Cut(NAMESPACE, "PersonNotification", EVENTS),)),
)
