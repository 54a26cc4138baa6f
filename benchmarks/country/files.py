"""The country as files, slice by slice: each slice has every kind of record in equal shares.

So the last million of an initial load is of the same make as the first, and their rates compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.country import records as made
from hub.simulator.markup import SOAP

WHOLE = 40_000_000
"""Records of the whole country (the figures of the initial load, docs/scaling.md)."""

_PERSONS, _TAXPAYERS, _CONTRACTS, _EMPLOYERS = 10_300_000, 1_600_000, 1_800_000, 183_000
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_INTERIOR = (
    f'{_DECLARATION}<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>\n'
    '<pr:PersonNotification xmlns:pr="urn:synthetic:interior:population:v1">\n'
    f"<pr:MessageId>country</pr:MessageId><pr:SentAt>{made.AT}</pr:SentAt>\n",
    "</pr:PersonNotification></soap:Body></soap:Envelope>\n",
)
_HEADER = f"<Header><DocumentId>country</DocumentId><CreatedAt>{made.AT}</CreatedAt></Header>\n"
_REGISTER = (
    f'{_DECLARATION}<TaxRegister xmlns="urn:synthetic:economy:tax-register:v1">\n{_HEADER}',
    "</TaxRegister>\n",
)
_RETURNS = (
    f'{_DECLARATION}<PayrollReturns xmlns="urn:synthetic:economy:payroll:v1">\n{_HEADER}',
    "</PayrollReturns>\n",
)


@dataclass(frozen=True, slots=True)
class File:
    """A document on disk, as ``qovsaq load`` takes it; each body is told of ``due`` records."""

    path: Path
    ministry: str
    content_type: str
    records: int
    due: int = 0


@dataclass(frozen=True, slots=True)
class Country:
    """A country of about ``records`` records, in ``slices`` equal parts."""

    records: int = WHOLE
    slices: int = 40

    @property
    def persons(self) -> int:
        """Citizens: 10.3 million in the whole country."""
        return self._of(_PERSONS)

    @property
    def taxpayers(self) -> int:
        """Taxpayers: 1.6 million in the whole country."""
        return self._of(_TAXPAYERS)

    def write(self, number: int, folder: Path) -> list[File]:
        """Write slice ``number`` (from 0), one file for each kind of document."""
        folder.mkdir(parents=True, exist_ok=True)
        return [
            self._interior(number, folder),
            self._labour(number, folder),
            self._register(number, folder),
            self._returns(number, folder),
        ]

    def notification(self, citizens: Iterable[str]) -> bytes:
        """One message of Interior about some citizens."""
        return "".join((_INTERIOR[0], *citizens, _INTERIOR[1])).encode()

    def citizens(self, indexes: Iterable[int]) -> Iterator[str]:
        """Persons with their documents, and where they are registered."""
        for index in indexes:
            yield made.citizen(index)
            yield made.residence(index)

    def notices(self, indexes: Iterable[int]) -> Iterator[bytes]:
        """Employment contracts, each a message of its own or a line of NDJSON."""
        for index in indexes:
            yield made.notice(index, self.persons, self.taxpayers)

    def _interior(self, number: int, folder: Path) -> File:
        part = self._part(_PERSONS, number)
        path = _written(folder / f"{number:04d}-interior.xml", _INTERIOR, self.citizens(part))
        odd = sum(index % 2 for index in part)
        documents = len(part) + odd
        told = len(part) + documents
        return File(path, "interior", "text/xml", told + len(part), due=told)

    def _labour(self, number: int, folder: Path) -> File:
        part, path = self._part(_CONTRACTS, number), folder / f"{number:04d}-labour.ndjson"
        with path.open("wb") as file:
            file.writelines(line + b"\n" for line in self.notices(part))
        return File(path, "labour", "application/x-ndjson", len(part), due=len(part))

    def _register(self, number: int, folder: Path) -> File:
        part = self._part(_TAXPAYERS, number)
        path = folder / f"{number:04d}-taxpayers.xml"
        return File(
            _written(path, _REGISTER, map(made.company, part)),
            "economy",
            "application/xml",
            len(part),
        )

    def _returns(self, number: int, folder: Path) -> File:
        part, path = self._part(_EMPLOYERS, number), folder / f"{number:04d}-payroll.xml"
        told = (text for index in part for text in made.payroll(index, self.persons))
        records = len(part) * len(made.MONTHS)
        return File(_written(path, _RETURNS, told), "economy", "application/xml", records)

    def _of(self, whole: int) -> int:
        return max(2, whole * self.records // WHOLE)

    def _part(self, whole: int, number: int) -> range:
        count = self._of(whole)
        return range(count * number // self.slices, count * (number + 1) // self.slices)


def _written(path: Path, frame: tuple[str, str], told: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write(frame[0])
        file.writelines(told)
        file.write(frame[1])
    return path
