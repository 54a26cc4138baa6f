"""The Justice connector: SOAP 1.1 notifications, pushed to the queue or fetched by polling."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.content import SOAP
from connectors._kit.contract import Connector, Poll
from connectors.justice.normalize import normalize
from schemas.civil_status_act import CivilStatusAct

CONNECTOR = Connector(
    name="justice",
    title="Ministry of Justice",
    dialect="SOAP 1.1, pushed and polled",
    content_types=SOAP,
    records=(CivilStatusAct,),
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
)
