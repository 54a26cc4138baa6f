"""What both dialects tell of a taxpayer: its registration and, perhaps, its activity code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from connectors._kit.contract import Item, Normalized, RawMessage, Rejected, Rules
from connectors._kit.fields import Change, Reading, attempt, located
from connectors._kit.source import Source, check_count
from connectors.economy.operations import OPERATIONS
from schemas.activity_classification import ActivityClassification, parse_activity_code
from schemas.build import build
from schemas.errors import Refused
from schemas.identifiers import Identifier

S = TypeVar("S", bound=Source)

# Decree 308, clause 4.1.4: the legal address of entities, the registration address of persons.
_ADDRESS_TYPES = {"legal-entity": "legal", "entrepreneur": "registered"}


@dataclass(frozen=True, slots=True)
class Told(Generic[S]):
    """One record being made of a taxpayer, after what all its records depend on was read."""

    taxpayer: S
    voen: Identifier
    change: Change
    reading: Reading
    ordinal: int


@dataclass(frozen=True, slots=True)
class Dialect(Generic[S]):
    """Names by which a dialect calls what is common; ``fields`` is all a taxpayer may have."""

    taxpayer: str
    voen: str
    operation: str
    at: str
    activity: str
    code: str
    system: str
    version: str
    fields: Sequence[str]
    registration: Callable[[Told[S]], Normalized]


def taxpayers(
    dialect: Dialect[S], told: Sequence[S], raw: RawMessage, rules: Rules
) -> Iterator[Item]:
    """One ``tax_registration`` per taxpayer and, where told, an ``activity_classification``."""
    if not told:
        raise Refused("required", dialect.taxpayer, "must be given")
    check_count(len(told) + sum(each.has(dialect.activity) for each in told), rules.limits)
    first = 0
    for taxpayer in told:
        items = list(_taxpayer(dialect, taxpayer, first, partial(Reading, raw, rules)))
        first += len(items)
        yield from items


def _taxpayer(
    dialect: Dialect[S], taxpayer: S, first: int, new_reading: Callable[[], Reading]
) -> Iterator[Item]:
    makers = [dialect.registration]
    if taxpayer.has(dialect.activity):
        makers.append(partial(_activity, dialect))
    reading = new_reading()
    try:
        operation = reading.code(taxpayer, dialect.operation, OPERATIONS)
        change = Change(operation, reading.occurred(taxpayer, dialect.at))
        voen = reading.voen(taxpayer, dialect.voen)
        taxpayer.only(*dialect.fields)
    except Refused as error:
        yield from (Rejected(first + index, error) for index in range(len(makers)))
        return
    for ordinal, make in enumerate(makers, first):
        told = Told(taxpayer, voen, change, reading, ordinal)
        yield attempt(ordinal, partial(make, told))
        reading = new_reading()  # doubts about the VÖEN are kept once, with the registration


def _activity(dialect: Dialect[S], told: Told[S]) -> Normalized:
    activity, reading = told.taxpayer.child(dialect.activity), told.reading
    system = reading.classifier(activity, dialect.system, 20)
    if not told.change.operation.carries_content:
        activity.only(dialect.system)
        return reading.target(
            told.ordinal, ActivityClassification, told.voen.urn, told.change, fact_key=system
        )
    activity.only(dialect.code, dialect.system, dialect.version)
    path, code = activity.at(dialect.code), activity.text(dialect.code)
    values = {
        "taxpayer": told.voen,
        "code": located(path, parse_activity_code, code),
        "code_system": system,
        "code_version": reading.classifier(activity, dialect.version, 20),
    }
    record = build(ActivityClassification, values, {"": activity.path})
    return reading.record(told.ordinal, record, told.change)


def address(reading: Reading, source: Source, name: str, kind: str) -> Mapping[str, Any]:
    """The one address a register holds of a taxpayer of this kind."""
    return {"full_address": reading.text(source, name), "address_type": _ADDRESS_TYPES[kind]}
