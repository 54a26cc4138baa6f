"""The notice: what a ministry is told about a message or record of its own (no record itself)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel


class NoticedRecord(BaseModel):
    """A record that a notice is about, by its place in the message, and what is wrong there.

    ``field`` is a path in the sender's own document (empty: the message as a whole).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    ordinal: Annotated[int, Field(ge=0)]
    field: str
    explanation: str
    proposal: Annotated[str | None, WithJsonSchema({"type": ["string", "null"]})]


class NoticeDocument(BaseModel):
    """One document on ``notice.<ministry>``: what one rule has against a message.

    A refusal of records, or a warning about accepted ones. ``rule`` is a stable name. All records
    it is about are in ``records``, in the order of the message, up to 100; further ones have
    another notice. ``ordinal``, ``field``, ``explanation`` and ``proposal`` are those of the first.
    No text repeats a value. The same notice keeps its ``notice_id``.
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
    records: Annotated[list[NoticedRecord], Field(min_length=1, max_length=100)]
    noticed_at: AwareDatetime
