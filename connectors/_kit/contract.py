"""The contract between the hub and a connector: raw bytes in, normalized items out, purely."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.identifiers import Namespaces
from schemas.record import CanonicalRecord


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A ministry's message as received; ``received_at`` is aware and the only clock there is."""

    ministry: str
    message_id: str
    content_type: str
    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds a parser enforces (settings): bytes, nesting, records and characters of one text."""

    max_bytes: int = 8 * 1024 * 1024
    max_depth: int = 64
    max_records: int = 10_000
    max_text: int = 10_000
    future_tolerance_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Rules:
    """What normalizing depends on besides the bytes: limits, identifier namespaces and policy.

    Statistics of fewer people or cases than ``smallest_count`` are suppressed (0: none are).
    ``import_suppliers`` are the ministries that may tell of contributions on imported goods;
    the decree names no supplier of these figures, so that at first there is none.
    """

    limits: Limits = Limits()
    namespaces: Namespaces = field(default_factory=Namespaces)
    smallest_count: int = 0
    import_suppliers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning about an accepted record: stable rule, field path, text without values, and,
    where one can be offered, a proposal the sender may adopt (never applied by the hub)."""

    rule: str
    field: str
    explanation: str
    proposal: str | None = None


class Normalized(NamedTuple):
    """One accepted record, ``ordinal`` counting from 0 in the source document.

    ``record`` is None only for annul and restore, which then name their fact by ``subject`` and
    ``fact_key``; otherwise these equal the record's own. ``occurred_at`` is aware.
    """

    ordinal: int
    record_class: type[CanonicalRecord]
    record: CanonicalRecord | None
    subject: str
    fact_key: str
    operation: Operation
    occurred_at: datetime
    sequence: int | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record of the document that was refused; its neighbours go on."""

    ordinal: int
    error: Refused


Item = Normalized | Rejected


@dataclass(frozen=True, slots=True)
class Poll:
    """A ministry's service the hub asks for news: described here, called by the hub.

    ``wsdl`` is the file in the connector's ``contract`` folder; the operation takes the cursor
    (last sequence seen, 0 at first) and a limit, and answers documents in sequence order.
    """

    name: str
    wsdl: str
    operation: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Cut:
    """An XML document that may be cut between its records: children of these local names of the
    element ``within``, which is the document element or the payload of a SOAP envelope."""

    namespace: str
    within: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Splitting:
    """How documents over the cap of one message are cut at record boundaries.

    A line of NDJSON is a record: chunks list lines under the name ``ndjson`` in an object.
    """

    xml: tuple[Cut, ...] = ()
    ndjson: str | None = None


@dataclass(frozen=True, slots=True)
class Connector:
    """All there is to know of how a ministry speaks.

    ``normalize`` is pure. It yields one item per record; it raises ``Refused`` only when the
    document as a whole is unreadable, and then the message counts as one refused record.
    ``operations`` are those the dialect has words for, at every record.
    """

    name: str
    title: str
    dialect: str
    content_types: tuple[str, ...]
    records: tuple[type[CanonicalRecord], ...]
    normalize: Callable[[RawMessage, Rules], Iterator[Item]]
    folder: Path
    polls: tuple[Poll, ...] = ()
    splitting: Splitting | None = None
    operations: frozenset[Operation] = frozenset(Operation)
