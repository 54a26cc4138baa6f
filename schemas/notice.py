"""The notice: what a ministry is told about a message or record of its own (no record itself)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel


class NoticeDocument(BaseModel):
    """One document on ``notice.<ministry>``: a refusal, or a warning about an accepted record.

    ``rule`` is a stable name, ``field`` a path in the sender's own document (empty: the message
    as a whole). No text repeats a value. The same notice keeps its ``notice_id``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    notice_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    kind: Literal["refusal", "warning"]
    ministry: str
    message_id: str
    ordinal: Annotated[int, Field(ge=0)]
    rule: str
    field: str
    explanation: str
    proposal: Annotated[str | None, WithJsonSchema({"type": ["string", "null"]})]
    noticed_at: AwareDatetime
