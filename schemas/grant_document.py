"""The grant: which body may receive which data, on what basis, within which limits.

Decree 308: 5.1 (a legal basis, checked by the access authority), 2.10.7 (level, volume, time).
The Rules' clause 4.5.2, under which a body is checked, is not published: the fields of
``AccessDecision`` are this project's own.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from schemas.catalogue import records
from schemas.dates import BAKU
from schemas.fields import Day, Instant, Text, absent
from schemas.record import CanonicalRecord, Category, Value

OUTSIDE = "outside-4"
"""Records that section 4 does not exchange: disclosed only where a grant names its own act."""

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def clause(category: Category) -> str:
    """Name the clause a grant must be for: ``c412`` → ``4.1.2``; all else is outside section 4."""
    text = category.value
    return ".".join(text[1:]) if text.startswith("c41") else OUTSIDE


def _clock(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _CLOCK.fullmatch(value):
        raise ValueError("must be a time of day as HH:MM")
    return time.fromisoformat(value)


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]
"""A name on the wire: lower-case letters, digits and hyphens."""

Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK.pattern}$"}),
]
"""A time of day in Baku; JSON ``HH:MM``."""


class Act(Value):
    """A legal act and the article of it that is relied upon."""

    act: Text
    article: Text


class AccessDecision(Value):
    """The decision by which a body was admitted (decree 5.1): whose, checked by whom, which paper.

    ``document_sha256`` is the hash of the decision's document as it is kept on file.
    """

    authority: Text
    checker: Text
    number: Text
    date: Day
    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Hours(Value):
    """When data may be handed over: from ``opens`` until before ``closes`` (Baku) on ``days``.

    Days are numbered as in ISO 8601, Monday is 1.
    """

    opens: Clock
    closes: Clock
    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self

    def next_opening(self, now: datetime) -> datetime:
        """Tell from when on data may be handed over: ``now`` itself if that is within hours."""
        local = now.astimezone(BAKU)
        for ahead in range(8):
            day = local.date() + timedelta(days=ahead)
            opening = datetime.combine(day, self.opens, BAKU)
            closing = datetime.combine(day, self.closes, BAKU)
            if day.isoweekday() in self.days and local < closing:
                return max(opening, local).astimezone(UTC)
        raise AssertionError("a week has a day on which it is open")


class GrantDocument(Value):
    """One version of a grant, as it is proposed, approved and kept.

    ``level`` is ``fields`` (for each record the fields named in ``fields``, by their JSON names)
    or ``records`` (whole records). ``outside_act`` is needed for, and only for, ``outside-4``:
    the act that allows what section 4 does not. Valid from ``valid_from`` until before
    ``valid_until``.
    """

    grant: Name
    subscriber: Name
    category: Literal["4.1.1", "4.1.2", "4.1.3", "4.1.4", "4.1.5", "4.1.6", "4.1.7", "outside-4"]
    level: Literal["fields", "records"]
    records: list[str] = Field(min_length=1)
    fields: dict[str, list[str]] = Field(default_factory=dict)
    purpose: Text
    legal_basis: Act
    outside_act: Act | None = None
    decision: AccessDecision
    valid_from: Instant
    valid_until: Instant
    records_per_day: Annotated[int, Field(ge=1)] | None = None
    hours: Hours | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.valid_from >= self.valid_until:
            raise ValueError("validFrom must be before validUntil")
        if self.category == OUTSIDE and self.outside_act is None:
            raise absent("outsideAct: what section 4 does not exchange needs an act of its own")
        if self.category != OUTSIDE and self.outside_act is not None:
            raise ValueError("outsideAct belongs to outside-4 only")
        named = set(self.records) if self.level == "fields" else set()
        if set(self.fields) != named:
            raise ValueError("fields must name every record, and only where the level is fields")
        return self

    @model_validator(mode="after")
    def _agrees_with_the_catalogue(self) -> Self:
        catalogue = records()
        for record_type in self.records:
            if record_type not in catalogue:
                raise ValueError(f"records: there is no record {record_type}")
            record_class = catalogue[record_type]
            if clause(record_class.category) != self.category:
                expected = clause(record_class.category)
                raise ValueError(f"category: {record_type} is exchanged under {expected}")
            known = json_names(record_class)
            for name in self.fields.get(record_type, ()):
                if name not in known:
                    raise ValueError(f"fields.{record_type}: there is no field {name}")
        return self

    def allowed(self, record_type: str) -> frozenset[str]:
        """The JSON names of the fields this grant allows of a record type."""
        if record_type not in self.records:
            return frozenset()
        if self.level == "records":
            return json_names(records()[record_type])
        return frozenset(self.fields[record_type])


def json_names(record_class: type[CanonicalRecord]) -> frozenset[str]:
    """The names of a record's fields in JSON."""
    return frozenset(field.alias or name for name, field in record_class.model_fields.items())
