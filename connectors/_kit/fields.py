"""Reading one record: values by the sender's names, faults with the sender's path, doubts kept.

Every method of ``Reading`` requires its field; ``maybe`` makes any of them optional::

    reading = Reading(raw, rules)
    fin = reading.fin(person, "@pin")
    place = maybe(reading.text, person, "BirthPlace")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from connectors._kit.contract import Finding, Item, Normalized, RawMessage, Rejected, Rules
from connectors._kit.source import Source
from schemas.dates import BAKU, parse_date, parse_generic_date, parse_instant, parse_period
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.fields import Sex
from schemas.identifiers import (
    Doubt,
    Identifier,
    Namespaces,
    parse_document_number,
    parse_fin,
    parse_voen,
)
from schemas.names import lower_az, normalize_name, split_patronymic
from schemas.record import MAX_TEXT, CanonicalRecord

_SEXES: Mapping[str, Sex] = {
    **{"kişi": "male", "m": "male", "1": "male"},
    **{"qadın": "female", "f": "female", "2": "female"},
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DIGITS = 18
_CLASSIFIER = re.compile(r"[0-9A-Za-z._/-]+")
_LONGEST_CODE = 64
_DECIMAL = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]+))?")
_T = TypeVar("_T")
_S = TypeVar("_S", bound=Source)
_P = ParamSpec("_P")
_Parser = Callable[[str, Namespaces], tuple[Identifier, list[Doubt]]]


def maybe(
    read: Callable[Concatenate[_S, str, _P], _T],
    source: _S,
    name: str,
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> _T | None:
    """What ``read`` gives for the field, or None if the field is absent or empty."""
    return read(source, name, *args, **kwargs) if source.has(name) else None


def attempt(ordinal: int, make: Callable[[], Normalized]) -> Item:
    """One record's outcome: what ``make`` gives, or its refusal, which harms no neighbour."""
    try:
        return make()
    except Refused as error:
        return Rejected(ordinal, error)


class Change(NamedTuple):
    """What the source did and when it took effect there (aware); shared by an event's records.

    ``sequence`` is the source's own order of such changes, where it keeps one.
    """

    operation: Operation
    occurred_at: datetime
    sequence: int | None = None


class Reading:
    """The reading of one record: gathers its findings and, at the end, makes its item."""

    def __init__(self, raw: RawMessage, rules: Rules) -> None:
        self._received_at = raw.received_at
        self._rules = rules
        self._findings: list[Finding] = []
        self._day: date | None = None

    def text(self, source: Source, name: str) -> str:
        """Text as the sender wrote it, of a length a record can hold."""
        text = source.text(name)
        if len(text) > MAX_TEXT:
            raise Refused("text-length", source.at(name), f"longer than {MAX_TEXT} characters")
        return text

    def code(self, source: Source, name: str, meanings: Mapping[str, _T]) -> _T:
        """The meaning of a code from the contract's list; ``unknown-code`` for any other."""
        try:
            return meanings[source.text(name)]
        except KeyError:
            known = ", ".join(meanings)
            raise Refused("unknown-code", source.at(name), f"must be one of {known}") from None

    def sex(self, source: Source, name: str) -> Sex:
        """Male or female in any of the ways the ministries write it, whatever its casing."""
        sex = _SEXES.get(lower_az(source.text(name)))
        if sex is None:
            explanation = "must be Kişi or Qadın, M or F, 1 or 2"
            raise Refused("unknown-code", source.at(name), explanation)
        return sex

    def classifier(self, source: Source, name: str, longest: int = _LONGEST_CODE) -> str:
        """A code of a classifier whose entries the hub does not know, fit to be in a fact key."""
        text = source.text(name)
        if not _CLASSIFIER.fullmatch(text) or len(text) > longest:
            explanation = f"must be 1 to {longest} Latin letters, digits and . / - _"
            raise Refused("value", source.at(name), explanation)
        return text

    def fin(self, source: Source, name: str) -> Identifier:
        """A FİN; unusual letters become findings."""
        return self._identifier(parse_fin, source, name)

    def voen(self, source: Source, name: str) -> Identifier:
        """A VÖEN; an unusual status or check digit becomes a finding."""
        return self._identifier(parse_voen, source, name)

    def document(self, source: Source, number: str, series: str | None = None) -> Identifier:
        """A document's series, if in a field of its own, and number; faults point at the number."""
        prefix = self.text(source, series) if series else None
        whole, path = self.text(source, number), source.at(number)
        identifier, doubts = located(
            path, parse_document_number, prefix, whole, self._rules.namespaces
        )
        self._keep(path, doubts)
        return identifier

    def integer(self, source: Source, name: str) -> int:
        """A whole number of at most 18 digits, not negative."""
        return int(self.digits(source, name, 1, _MAX_DIGITS))

    def decimal(self, source: Source, name: str, places: int) -> Decimal:
        """An exact number in text, not negative, with decimal point or comma; ``value`` for more
        than ``places`` decimals, signs and thousands separators."""
        parts = _DECIMAL.fullmatch(source.text(name))
        if not parts or len(parts[2] or "") > places:
            explanation = f"must be a number with at most {places} decimals"
            raise Refused("value", source.at(name), explanation)
        return Decimal(f"{parts[1]}.{parts[2] or 0}")

    def digits(self, source: Source, name: str, shortest: int, longest: int) -> str:
        """A code of so many digits, kept as text; ``value`` for anything else."""
        text = source.text(name)
        if not (text.isascii() and text.isdigit() and shortest <= len(text) <= longest):
            raise Refused("value", source.at(name), f"must be {shortest} to {longest} digits")
        return text

    def name(self, source: Source, name: str) -> str:
        """A person's name in Azerbaijani letters and casing."""
        return normalize_name(self.text(source, name))

    def names(self, source: Source, family: str, given: str, patronymic: str) -> dict[str, Any]:
        """The name fields of a record; ``ƏLİ OĞLU`` is split into stem and suffix."""
        father = maybe(self.text, source, patronymic)
        stem, suffix = split_patronymic(father) if father else (None, None)
        return {
            "family_name": self.name(source, family),
            "given_name": self.name(source, given),
            "patronymic_name": stem,
            "patronymic_suffix": suffix,
        }

    def received_names(
        self, source: Source, family: str, given: str, patronymic: str
    ) -> dict[str, str | None]:
        """The same names as the sender wrote them."""
        return {
            "family_name": self.text(source, family),
            "given_name": self.text(source, given),
            "patronymic_name": maybe(self.text, source, patronymic),
        }

    def day(self, source: Source, name: str) -> date:
        """A calendar day of any time, past or to come."""
        return located(source.at(name), parse_date, source.text(name), not_after=None)

    def past_day(self, source: Source, name: str) -> date:
        """A calendar day not after the day of receipt in Baku."""
        return located(source.at(name), parse_date, source.text(name), not_after=self._today)

    def birth(self, source: Source, name: str) -> str:
        """A date of birth, perhaps known only by year or month, as ISO text; never to come."""
        text = source.text(name)
        return located(source.at(name), parse_generic_date, text, not_after=self._today)

    def period(self, source: Source, name: str) -> str:
        """A month, quarter or year that has begun by the day of receipt, as ISO text."""
        return located(source.at(name), parse_period, source.text(name), not_after=self._today)

    def instant(self, source: Source, name: str) -> datetime:
        """An aware point in time; without offset it is Baku time."""
        return located(source.at(name), parse_instant, source.text(name))

    def occurred(self, source: Source, name: str) -> datetime:
        """When the change took effect: not beyond tolerance after receipt, nor before 1970."""
        occurred_at = self.instant(source, name)
        if occurred_at > self._received_at:
            tolerance = timedelta(seconds=self._rules.limits.future_tolerance_seconds)
            if occurred_at > self._received_at + tolerance:
                raise Refused("occurred-in-future", source.at(name), "lies in the future")
        if occurred_at < _EPOCH:
            raise Refused("value", source.at(name), "lies before 1970")
        return occurred_at

    def doubt(self, path: str, rule: str, explanation: str) -> None:
        """Warn about something that does not keep the record from being accepted."""
        self._findings.append(Finding(rule, path, explanation))

    def record(self, ordinal: int, record: CanonicalRecord, change: Change) -> Normalized:
        """The item of a record that came with its content."""
        return self._item(ordinal, type(record), record.subject, change, record.fact_key, record)

    def target(
        self,
        ordinal: int,
        record_class: type[CanonicalRecord],
        subject: str,
        change: Change,
        fact_key: str = "",
    ) -> Normalized:
        """The item of an annul or restore, which only names its fact."""
        return self._item(ordinal, record_class, subject, change, fact_key, None)

    def _item(
        self,
        ordinal: int,
        record_class: type[CanonicalRecord],
        subject: str,
        change: Change,
        fact_key: str,
        record: CanonicalRecord | None,
    ) -> Normalized:
        return Normalized(
            ordinal=ordinal,
            record_class=record_class,
            record=record,
            subject=subject,
            fact_key=fact_key,
            operation=change.operation,
            occurred_at=change.occurred_at,
            sequence=change.sequence,
            findings=tuple(self._findings),
        )

    @property
    def _today(self) -> date:
        if self._day is None:
            self._day = self._received_at.astimezone(BAKU).date()
        return self._day

    def _identifier(self, parse: _Parser, source: Source, name: str) -> Identifier:
        path = source.at(name)
        identifier, doubts = located(path, parse, self.text(source, name), self._rules.namespaces)
        self._keep(path, doubts)
        return identifier

    def _keep(self, path: str, doubts: list[Doubt]) -> None:
        self._findings += [Finding(d.rule, path, d.explanation, d.proposal) for d in doubts]


def located(path: str, parse: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a parser of schemas, which cannot know where its text stood, and say where it failed."""
    try:
        return parse(*args, **kwargs)
    except Refused as error:
        raise Refused(error.rule, path, error.explanation) from None
