"""The subscriber: a state body that receives data, and how it is reached (decree 4.1, 5.1)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.catalogue import records
from schemas.fields import Text, absent
from schemas.grant_document import Name
from schemas.record import Value

ServiceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,128}$")]


class SubscriberDocument(Value):
    """A body as it is entered: what it asks for, which is not yet what it may have.

    ``channel`` is how data reaches it: its own queue (``amqp``), an HTTPS webhook or a SOAP
    service at ``endpoint``, its ``service`` on EHİS (``ehis``), or only by asking (``lookup``).
    ``records`` are the types it wants to be told of. With ``test_mode`` it receives records
    marked as tests, and nothing else.
    """

    subscriber: Name
    title: Text
    channel: Literal["amqp", "webhook", "soap", "ehis", "lookup"]
    endpoint: Text | None = None
    service: ServiceId | None = None
    records: list[str] = Field(default_factory=list)
    test_mode: bool = False

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.channel in ("webhook", "soap") and self.endpoint is None:
            raise absent("endpoint: a webhook or SOAP service needs an address")
        if self.channel not in ("webhook", "soap") and self.endpoint is not None:
            raise ValueError("endpoint: only a webhook or SOAP service has an address")
        if self.channel == "ehis" and self.service is None:
            raise absent("service: on EHİS a body is reached by the id of its service")
        if self.channel != "ehis" and self.service is not None:
            raise ValueError("service: only who is reached over EHİS has one")
        if self.channel == "lookup" and self.records:
            raise ValueError("records: who only looks up is told of nothing")
        unknown = sorted(set(self.records) - records().keys())
        if unknown:
            raise ValueError(f"records: there is no record {unknown[0]}")
        return self
