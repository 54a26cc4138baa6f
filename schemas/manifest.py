"""The daily manifest: what a ministry says it sent on a day, and what the hub answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from schemas.errors import Refused
from schemas.receipt import Count, Id, Sha256, Told

CONTENT_TYPE = "application/vnd.qovsaq.manifest+json"

RecordType = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,63}$")]
Number = Annotated[int, Field(ge=0, lt=10**18)]


class Numbers(Told):
    """A range of numbers the ministry gave its operations that day, both ends included."""

    first: Number
    last: Number

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last is less than first")
        return self


class ManifestDocument(Told):
    """What a ministry sent on a day in Baku: how many messages, and the digest of their ids.

    ``sha256`` is that of the ids, each once, in the order of their bytes, each followed by a line
    feed. With ``message_ids`` the answer names what is missing or extra; ``sequences`` are the
    numbers of operations by record type, where they are numbered. The manifest itself does not
    count as a message.

    ``snapshot`` names record types of which these messages show all that the ministry holds, in
    operations of any kind. What they do not show is then a finding; nothing is annulled.
    """

    ministry: str
    day: date
    messages: Count
    sha256: Sha256
    message_ids: list[Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]] | None = None
    sequences: dict[RecordType, Numbers] = Field(default_factory=dict)
    snapshot: list[RecordType] = Field(default_factory=list)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.message_ids is not None:
            if len(set(self.message_ids)) != self.messages:
                raise ValueError("messages is not how many ids are listed")
            if digest(self.message_ids) != self.sha256:
                raise ValueError("sha256 is not that of the listed ids")
        return self


class ManifestAnswer(Told):
    """What the hub answers on ``receipt.<ministry>``; it answers again when that changes.

    ``received`` and ``sha256`` are of the messages of that day the hub has. ``missing`` and
    ``extra`` count what the manifest has and the hub has not, and the other way round; ids are
    given where the manifest listed its own. ``missing_numbers`` are ranges of numbers (``17`` or
    ``17-20``) by record type. Of everything that is named the first thousand are. ``extra_facts``
    counts, by record type, what the registry has from the ministry and its snapshot did not show.
    """

    receipt_id: Id
    kind: Literal["manifest"] = "manifest"
    ministry: str
    day: date
    message_id: str
    agrees: bool
    stated: Count
    received: Count
    sha256: Sha256
    missing: Count
    extra: Count
    missing_ids: list[str] = Field(default_factory=list)
    extra_ids: list[str] = Field(default_factory=list)
    missing_numbers: dict[str, list[str]] = Field(default_factory=dict)
    extra_facts: dict[str, Count] = Field(default_factory=dict)
    answered_at: AwareDatetime


def digest(message_ids: Iterable[str]) -> str:
    """Digest message ids as a manifest does."""
    listed = "".join(f"{each}\n" for each in sorted(set(message_ids)))
    return hashlib.sha256(listed.encode()).hexdigest()


def read(body: bytes, ministry: str, most_bytes: int) -> ManifestDocument:
    """Read a manifest; raise ``Refused`` (``too-large``, ``manifest``) naming the field."""
    if len(body) > most_bytes:
        raise Refused("too-large", "", f"more than {most_bytes} bytes")
    try:
        document = ManifestDocument.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Refused("manifest", field, first["msg"]) from None
    if document.ministry != ministry:
        raise Refused("manifest", "ministry", "is not the ministry that sent it")
    return document
