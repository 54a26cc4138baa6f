"""The receipt: what became of a ministry's records, told once they have an outcome."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Outcome = Literal[
    "written", "unchanged", "superseded", "refused", "parked", "discarded", "replaced"
]


class Told(BaseModel):
    """A part of what a ministry is told: JSON names in camelCase, what is absent left out."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True
    )


class RecordOutcome(Told):
    """What became of one record, ``ordinal`` being its place in the ministry's document.

    ``row_version`` is the version under which its operation stands in the registry, as
    ``version`` on ``canonical``; it is absent where nothing could be read. ``rule`` and ``field``
    say why a record was refused, ``cause`` why one was parked or set aside.
    """

    record_id: Id
    ordinal: Count
    record: str
    state: Outcome
    row_version: Annotated[str, Field(pattern=r"^-?[0-9]{1,19}$")] | None = None
    rule: str | None = None
    field: str | None = None
    cause: str | None = None
    settled_at: AwareDatetime


class ReceiptDocument(Told):
    """A receipt, on ``receipt.<ministry>`` in an array: outcomes of records of one message.

    A message whose records end at different times gets several receipts. ``records`` is how many
    it holds and ``pending`` how many of them had no outcome when the receipt was drawn up. The
    same receipt keeps its ``receipt_id``. ``sha256`` is that of the message's body.
    """

    receipt_id: Id
    kind: Literal["outcomes"] = "outcomes"
    ministry: str
    message_id: str
    sha256: Sha256
    received_at: AwareDatetime
    records: Count
    pending: Count
    outcomes: list[RecordOutcome]
    receipted_at: AwareDatetime
