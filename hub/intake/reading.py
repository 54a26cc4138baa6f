"""What a message turns out to hold: canonical events, refusals and findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from connectors._kit.content import media_type
from connectors._kit.contract import Connector, Finding, Item, Normalized, Rejected, Rules
from connectors._staff.dialect import STAFF
from hub.evidence.manifests import Kept
from hub.evidence.notices import Notice, Place, RecordFinding, grouped
from hub.evidence.record_log import Entry, State
from hub.intake.arrival import Arrived
from routing.message import CAUSATION, CHANNEL, CORRELATION
from schemas import manifest
from schemas.envelope import Channel, Event, derive_record_id, make_event
from schemas.errors import Refused
from schemas.manifest import CONTENT_TYPE as MANIFEST
from schemas.manifest import ManifestDocument

WHOLE = "message"
_REJECTED = "record"
_MANIFEST = "manifest"


class Held(NamedTuple):
    """One record of a message, accepted (``event``), refused (``refusal``) or ``broken``.

    ``broken`` names an unforeseen failure of the normalizer: a person must look. ``manifest`` is
    set where the message is one, and no record. ``numbered`` tells that the source numbers its
    operations.
    """

    ordinal: int
    record_id: str
    record_type: str
    event: Event | None = None
    refusal: Refused | None = None
    broken: str | None = None
    findings: tuple[Finding, ...] = ()
    numbered: bool = False
    manifest: ManifestDocument | None = None

    def entry(self, journal_id: int, ministry: str, lane: str) -> Entry:
        """Render the record's row for the record log."""
        return Entry(
            record_id=self.record_id,
            journal_id=journal_id,
            ordinal=self.ordinal,
            ministry=ministry,
            lane=lane,
            record_type=self.record_type,
            state=self._state,
            cause=self.refusal.rule if self.refusal else self.broken,
            field=_printable_field(self.refusal) if self.refusal else None,
            version=self.event.version if self.event else None,
            numbered=self.numbered,
            occurred_at=self.event.time if self.event else None,
        )

    @property
    def _state(self) -> State:
        if self.event:
            return State.RECEIVED
        if self.refusal:
            return State.REFUSED
        return State.WRITTEN if self.manifest else State.PARKED


def read_records(
    arrived: Arrived, connectors: Mapping[str, Connector], rules: Rules
) -> tuple[Held, ...]:
    """Normalize a message. A whole message that cannot be read counts as one record."""
    try:
        if is_manifest(arrived.raw.content_type):
            return (_manifest(arrived, connectors, rules),)
        items = _items(arrived, connectors, rules)
        return tuple(_held(item, arrived) for item in items)
    except Refused as refusal:
        return _whole(arrived, refusal)
    except Exception as error:  # noqa: BLE001 - a normalizer's fault must not stop its neighbours
        return convicted(arrived, f"normalizer-{type(error).__name__}")


def is_manifest(content_type: str) -> bool:
    """Whether a message is a day's manifest, whatever its ministry's dialect."""
    return media_type(content_type) == MANIFEST


def _manifest(arrived: Arrived, connectors: Mapping[str, Connector], rules: Rules) -> Held:
    connector, raw = _known(arrived, connectors), arrived.raw
    document = manifest.read(raw.body, raw.ministry, rules.limits.max_bytes)
    sent = {record.record_type for record in connector.records}
    for field in ("snapshot", "sequences"):
        if not sent.issuperset(getattr(document, field)):
            raise Refused(
                "manifest", field, f"must name records of yours: {', '.join(sorted(sent))}"
            )
    record_id = derive_record_id(raw.ministry, raw.message_id, 0, _MANIFEST)
    return Held(0, record_id, _MANIFEST, manifest=document)


def _known(arrived: Arrived, connectors: Mapping[str, Connector]) -> Connector:
    """Give the connector of the sender, unless the message must not pass.

    That something was entered here only the hub can say: arrivals get their channel from the
    exchange they came by.
    """
    if arrived.refusal:
        raise arrived.refusal
    entered = arrived.raw.headers.get(CHANNEL) == Channel.STAFF
    connector = STAFF if entered else connectors.get(arrived.raw.ministry)
    if connector is None:
        raise Refused("unknown-ministry", "", "no connector speaks for this exchange")
    return connector


def _items(arrived: Arrived, connectors: Mapping[str, Connector], rules: Rules) -> list[Item]:
    connector = _known(arrived, connectors)
    items = list(connector.normalize(arrived.raw, rules))
    if not items:
        raise Refused("required", "", "the document holds no record")
    return items


def reused(arrived: Arrived) -> tuple[Held, ...]:
    """Refuse a second body that came under the id of an earlier message."""
    refusal = Refused("message-id-reused", "", "another message came under this id before")
    key = f"{arrived.raw.message_id}#{arrived.body_sha256[:12]}"
    record_id = derive_record_id(arrived.raw.ministry, key, 0, WHOLE)
    return (Held(0, record_id, WHOLE, refusal=refusal),)


def convicted(arrived: Arrived, cause: str) -> tuple[Held, ...]:
    """Hold a message that cannot be read at all, because reading it ends the process."""
    record_id = derive_record_id(arrived.raw.ministry, arrived.raw.message_id, 0, WHOLE)
    return (Held(0, record_id, WHOLE, broken=cause),)


def notices_of(arrived: Arrived, records: Iterable[Held]) -> list[Notice]:
    """Say what the sender must be told: refusals by rule, a missing message id as a warning."""
    raw = arrived.raw
    refused = [
        (
            held.refusal.rule,
            Place(held.ordinal, _printable_field(held.refusal), held.refusal.explanation),
        )
        for held in records
        if held.refusal
    ]
    found = grouped(raw.ministry, raw.message_id, "refusal", refused)
    if arrived.derived_id and not arrived.refusal:
        text = "set message_id so that you can refer to the message; it was derived from the body"
        missing = ("message-id", Place(0, "", text))
        found += grouped(raw.ministry, raw.message_id, "warning", [missing])
    return found


def findings_of(records: Iterable[Held]) -> list[RecordFinding]:
    """List the warnings about accepted records."""
    return [
        RecordFinding(held.record_id, f.rule, f.field, f.explanation, f.proposal)
        for held in records
        for f in held.findings
    ]


def manifests_of(arrived: Arrived, records: Iterable[Held]) -> list[Kept]:
    """List the manifest that a message is, if it is one."""
    message_id = arrived.raw.message_id
    return [Kept(h.record_id, message_id, h.manifest) for h in records if h.manifest]


def _held(item: Item, arrived: Arrived) -> Held:
    raw = arrived.raw
    if isinstance(item, Rejected):
        record_id = derive_record_id(raw.ministry, raw.message_id, item.ordinal, _REJECTED)
        return Held(item.ordinal, record_id, _REJECTED, refusal=item.error)
    event = _event(item, arrived)
    return Held(
        item.ordinal,
        event.id,
        item.record_class.record_type,
        event,
        findings=item.findings,
        numbered=item.sequence is not None,
    )


def _event(item: Normalized, arrived: Arrived) -> Event:
    raw = arrived.raw
    return make_event(
        item.record_class,
        item.record,
        subject=item.subject,
        fact_key=item.fact_key,
        ministry=raw.ministry,
        message_id=raw.message_id,
        ordinal=item.ordinal,
        operation=item.operation,
        occurred_at=item.occurred_at,
        sequence=item.sequence,
        received_at=raw.received_at,
        channel=raw.headers.get(CHANNEL, Channel.DIRECT),
        correlation_id=raw.headers.get(CORRELATION),
        causation_id=raw.headers.get(CAUSATION) or arrived.corrects,
        test_mode=arrived.test_mode,
        traceparent=arrived.traceparent,
    )


def _whole(arrived: Arrived, refusal: Refused) -> tuple[Held, ...]:
    raw = arrived.raw
    record_id = derive_record_id(raw.ministry, raw.message_id, 0, WHOLE)
    return (Held(0, record_id, WHOLE, refusal=refusal),)


def _printable_field(refusal: Refused) -> str:
    """A path may quote the sender's own key names, which may hold anything."""
    return "".join(c if c.isprintable() else "�" for c in refusal.field[:200])
