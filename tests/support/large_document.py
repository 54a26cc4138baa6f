"""A document of any size, made as it is read: payroll returns of employers who do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stdnum.az import voen

MINISTRY, CONTENT_TYPE = "economy", "application/xml"
LINES = 40
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<PayrollReturns xmlns="urn:synthetic:economy:payroll:v1">\n'
    "<Header><DocumentId>P-LARGE</DocumentId>"
    "<CreatedAt>2026-02-20T10:00:00+04:00</CreatedAt></Header>\n"
)
_LINE = (
    '<Line fin="TST{:04}" months="1"><Wage>1200.00</Wage>'
    "<EmployeePremium>24.00</EmployeePremium><EmployerPremium>24.00</EmployerPremium></Line>\n"
)
_RETURN = (
    '<PayrollReturn voen="{}" period="{}" version="1" op="NEW" '
    'at="2026-02-20T09:00:00+04:00"><Employees>{}</Employees><WageFund>{}</WageFund>'
    "<EmployeePremium>{}</EmployeePremium><EmployerPremium>{}</EmployerPremium>\n{}"
    "</PayrollReturn>\n"
)
_MONTHS = 120
BAD = "<PayrollReturn/>\n"
_LINES = "".join(_LINE.format(n) for n in range(LINES))
_TAIL = "</PayrollReturns>\n"


@dataclass(frozen=True)
class Written:
    """What a document holds: its records, how many of them must be refused, and its bytes."""

    records: int
    refused: int
    size: int


def write(path: Path, size: int, bad_every: int = 1000) -> Written:
    """Write a document of at least ``size`` bytes; every ``bad_every``-th record is bad."""
    records = refused = 0
    with path.open("w", encoding="utf-8") as file:
        written = file.write(_HEAD)
        for record in _records(bad_every):
            written += file.write(record)
            records += 1
            refused += record == BAD
            if written >= size and record != BAD:
                break
        written += file.write(_TAIL)
    return Written(records, refused, written)


def _records(bad_every: int) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield BAD if number % bad_every == 0 else _return(number)


def _return(number: int) -> str:
    payer, month = divmod(number, _MONTHS)
    period = f"{2016 + month // 12}-{month % 12 + 1:02}"
    premium, fund = f"{LINES * 24}.00", f"{LINES * 1200}.00"
    return _RETURN.format(_voen(payer), period, LINES, fund, premium, premium, _LINES)


def _voen(payer: int) -> str:
    """A number that is well-formed and nobody's: it begins with 00."""
    return next(filter(voen.is_valid, (f"00{payer:06}{check}1" for check in range(10))), "") or (
        f"00{payer:06}01"
    )
