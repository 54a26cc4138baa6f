"""Social statuses: pensions, disability, benefits, unemployment; facts, never eligibility."""

from __future__ import annotations

from connectors._kit.contract import Normalized, Rules
from connectors._kit.fields import Change, Reading, maybe
from connectors._kit.issued import issued
from connectors._kit.json import Object
from schemas.build import build
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.social_status import SocialStatus

PART = "socialStatus"

_ENDED = "ENDED"
_EVENTS = {
    "GRANTED": Operation.CREATE,
    "CHANGED": Operation.CHANGE,
    _ENDED: Operation.CHANGE,
    "CORRECTED": Operation.CORRECT,
    "CANCELLED": Operation.ANNUL,
    "REINSTATED": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
    "VERIFIED": Operation.VERIFY,
}
_TYPES = {
    "PENSION": "pension",
    "DISABILITY": "disability",
    "BENEFIT": "benefit",
    "UNEMPLOYMENT": "unemployment",
}
_KINDS = {
    "OLD_AGE": "old-age",
    "DISABILITY": "disability",
    "LOSS_OF_BREADWINNER": "loss-of-breadwinner",
    "ALLOWANCE": "allowance",
    "TARGETED_ASSISTANCE": "targeted-assistance",
}
_STATUS = ("statusNumber", "pin", "type", "kind", "degree", "basis", "startsOn", "endsOn")


def social_status(reading: Reading, rules: Rules, ordinal: int, notice: Object) -> Normalized:
    """The status of a notice, which lasts until ``endsOn`` or has no end yet."""
    operation = reading.code(notice, "eventType", _EVENTS)
    change = Change(operation, reading.occurred(notice, "eventTime"))
    status = notice.child(PART)
    number = issued(status, "statusNumber", rules.namespaces.social_status)
    if not operation.carries_content:
        status.only("statusNumber")
        return reading.target(ordinal, SocialStatus, number.urn, change)

    status.only(*_STATUS)
    starts_on, ends_on = reading.day(status, "startsOn"), maybe(reading.day, status, "endsOn")
    if ends_on is None and notice.text("eventType") == _ENDED:
        raise Refused("required", status.at("endsOn"), "a status that ended has an end")
    if ends_on is not None and ends_on < starts_on:
        raise Refused("period-order", status.at("endsOn"), "lies before the start")
    values = {
        "status": number,
        "person": reading.fin(status, "pin"),
        "status_type": reading.code(status, "type", _TYPES),
        "kind": maybe(reading.code, status, "kind", _KINDS),
        "disability_degree": maybe(reading.text, status, "degree"),
        "basis": maybe(reading.text, status, "basis"),
        "start_date": starts_on,
        "end_date": ends_on,
    }
    paths = {
        "": status.path,
        "kind": status.at("kind"),
        "disability_degree": status.at("degree"),
    }
    return reading.record(ordinal, build(SocialStatus, values, paths), change)
