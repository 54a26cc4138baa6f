"""The envelope: CloudEvents 1.0 in JSON batch format, and its derived ids.

Every message on the exchange ``canonical`` is a JSON array of events that share one routing key.
Extension attributes (lower-case, as CloudEvents demands) carry what the hub needs beyond the
standard: the fact's identity, the operation and its place in the source's order, and provenance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Self

import orjson
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from schemas.build import assemble
from schemas.errors import Refused
from schemas.record import CanonicalRecord

CONTENT_TYPE = "application/cloudevents-batch+json"
TYPE_PREFIX = "az.itsda.qovsaq."
SOURCE_PREFIX = "urn:az:gov:"
SCHEMA_PREFIX = "urn:az:itsda:schema:"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Operation(StrEnum):
    """What the source does to the fact; the order of members is the rank at equal versions."""

    CREATE = "create"
    SNAPSHOT = "snapshot"
    CHANGE = "change"
    CORRECT = "correct"
    ANNUL = "annul"
    RESTORE = "restore"
    VERIFY = "verify"

    @property
    def rank(self) -> int:
        """Tie-breaker between operations of the same version: later members win."""
        return _RANKS[self]

    @property
    def carries_content(self) -> bool:
        """Whether the whole record must come with the operation (annul and restore may omit it)."""
        return self not in (Operation.ANNUL, Operation.RESTORE)


_RANKS = {operation: rank for rank, operation in enumerate(Operation)}


def derive_record_id(ministry: str, message_id: str, ordinal: int, record_type: str) -> str:
    """``H(ministry, message_id, ordinal, record type)`` as 32 hex digits: derived, never drawn."""
    text = "\x1f".join((ministry, message_id, str(ordinal), record_type))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Channel(StrEnum):
    """How a message came to the hub (decree 308, clauses 2 and 4.1).

    ``direct``: published or pushed by the body itself, or fetched from its service. ``ehis``: by
    the electronic government's exchange. ``desk``: a correction made by two operators. ``staff``:
    entered by the Agency's staff (2.11).
    """

    DIRECT = "direct"
    EHIS = "ehis"
    DESK = "desk"
    STAFF = "staff"


class Event(BaseModel):
    """One canonical record in its CloudEvents envelope.

    ``id`` is the record id; ``time`` is when the change took effect at the source (aware);
    ``version`` orders operations of one fact within one source: the source's sequence number,
    else ``time`` in microseconds since the epoch (in JSON as text, since a CloudEvents integer
    has 32 bits). ``data`` is absent only for annul and restore.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    factkey: str = ""
    operation: Operation
    version: Annotated[
        int,
        Field(ge=-(2**63), lt=2**63),
        PlainSerializer(str, return_type=str, when_used="json"),
        WithJsonSchema({"type": "string", "pattern": "^-?[0-9]{1,19}$"}),
    ]
    classification: str
    messageid: str
    ordinal: Annotated[int, Field(ge=0)]
    receivedtime: AwareDatetime
    channel: str = "direct"
    testmode: bool = False
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _content_with_its_operation(self) -> Self:
        if self.data is None and self.operation.carries_content:
            raise ValueError("operation needs the whole record")
        return self

    @property
    def ministry(self) -> str:
        """Name of the source ministry, the last part of ``source``."""
        return self.source.removeprefix(SOURCE_PREFIX)

    @property
    def record_type(self) -> str:
        """Record type named by ``type``: ``az.itsda.qovsaq.person.v1`` → ``person``."""
        return _kind(self.type)[0]

    @property
    def record_version(self) -> int:
        """Schema version named by ``type``; 0 if it names none."""
        return _kind(self.type)[1]


@lru_cache(maxsize=256)
def _kind(event_type: str) -> tuple[str, int]:
    name, _, digits = event_type.removeprefix(TYPE_PREFIX).rpartition(".v")
    return name, int(digits) if digits.isdecimal() else 0


_BATCH = TypeAdapter(list[Event])


def make_event(
    record_class: type[CanonicalRecord],
    record: CanonicalRecord | None,
    *,
    subject: str,
    fact_key: str,
    ministry: str,
    message_id: str,
    ordinal: int,
    operation: Operation,
    occurred_at: datetime,
    sequence: int | None,
    received_at: datetime,
    channel: str = Channel.DIRECT,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    test_mode: bool = False,
    traceparent: str | None = None,
) -> Event:
    """Put a record (or, for annul and restore, the bare identity of its fact) into its envelope."""
    if record is None and operation.carries_content:
        raise ValueError("operation needs the whole record")
    names = _names(record_class)
    version = sequence if sequence is not None else (occurred_at - _EPOCH) // _MICROSECOND
    parts = {
        "specversion": "1.0",
        "id": derive_record_id(ministry, message_id, ordinal, record_class.record_type),
        "source": SOURCE_PREFIX + ministry,
        "type": names.type,
        "subject": subject,
        "time": occurred_at,
        "datacontenttype": "application/json",
        "dataschema": names.dataschema,
        "factkey": fact_key,
        "operation": operation,
        "version": version,
        "classification": names.classification,
        "messageid": message_id,
        "ordinal": ordinal,
        "receivedtime": received_at,
        "channel": str(channel),
        "testmode": test_mode,
        "correlationid": correlation_id,
        "causationid": causation_id,
        "traceparent": traceparent,
        "data": None if record is None else record.model_dump(mode="json", exclude_none=True),
    }
    return assemble(Event, parts)


class _Names(NamedTuple):
    type: str
    dataschema: str
    classification: str


@cache
def _names(record_class: type[CanonicalRecord]) -> _Names:
    kind = f"{record_class.record_type}.v{record_class.record_version}"
    return _Names(TYPE_PREFIX + kind, SCHEMA_PREFIX + kind, str(record_class.classification))


def encode_batch(events: Iterable[Event]) -> bytes:
    """Serialize events of one routing key as a CloudEvents JSON batch."""
    return join_batch(map(encode_event, events))


def encode_event(event: Event) -> bytes:
    """Serialize one event as CloudEvents JSON."""
    return orjson.dumps(json_values(event))


def json_values(event: Event) -> dict[str, Any]:
    """Render an event as JSON values by attribute name; what is absent is left out.

    What pydantic would give, for a third of the time: ``data`` is JSON already.
    """
    present = {name: value for name, value in event.__dict__.items() if value is not None}
    present["time"] = instant(event.time)
    present["receivedtime"] = instant(event.receivedtime)
    present["version"] = str(event.version)
    return present


def instant(at: datetime) -> str:
    """Render a time (aware) as an event has it in JSON."""
    text = at.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def join_batch(encoded: Iterable[bytes]) -> bytes:
    """Make a batch of events that were serialized one by one."""
    return b"[" + b",".join(encoded) + b"]"


def decode_batch(body: bytes) -> Sequence[Event]:
    """Read a CloudEvents JSON batch; raise ``Refused`` (``canonical-batch``) if it is not one."""
    try:
        return _BATCH.validate_python(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise Refused("canonical-batch", "", "the body is not JSON") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Refused("canonical-batch", field, first["msg"]) from None
