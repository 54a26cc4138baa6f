"""The country's records, each as its ministry would write it, without the document around it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from benchmarks.country.people import person, taxpayer

AT = "2026-02-20T09:00:00+04:00"
"""When everything of an initial load is said to be so."""

MONTHS = ("2025-10", "2025-11", "2025-12")
LINES = 9
_ISSUED = date(2012, 1, 2)
_TEN_YEARS = timedelta(days=3652)
_WAGE_CENTS = 40_000
_PREMIUM = 2  # percent, of each side


def notice(index: int, persons: int, taxpayers: int) -> bytes:
    """One employment contract (Labour, JSON), without a line end; one record."""
    worker, scattered = person(index * 5 % persons), index * 2_654_435_761 % 2**32
    wage = (_WAGE_CENTS + scattered % 460_000) / 100
    return (
        f'{{"noticeId":"L-{index:09d}","sentAt":"{AT}","eventType":"CONCLUDED","eventTime":"{AT}",'
        f'"contract":{{"contractNumber":"EM-{index:09d}-0",'
        f'"employer":{{"voen":"{taxpayer(index % taxpayers)}","sun":"{index % taxpayers:08d}",'
        f'"name":"\\"Sınaq Ticarət {index % taxpayers}\\" MMC"}},'
        f'"employee":{{"pin":"{worker.fin}","ssn":"{worker.index:013d}",'
        f'"surname":"{worker.surname}","name":"{worker.name}","patronymic":"{worker.father}"}},'
        f'"position":"Mühasib","mainJob":true,"concludedOn":"2024-02-{scattered % 28 + 1:02d}",'
        f'"startsOn":"2024-03-01","endsOn":null,"workingTime":"FULL","monthlyWage":{wage:.2f}}}}}'
    ).encode()


def citizen(index: int) -> str:
    """A person with one document, every second with two (Interior, XML): 2 or 3 records."""
    who, first = person(index), _paper(index, "ID")
    second = _paper(index, "PASSPORT") if index % 2 else ""
    return (
        f'<pr:Event kind="SNAPSHOT" at="{AT}"><pr:Person pin="{who.fin}">'
        f"<pr:Surname>{who.surname}</pr:Surname><pr:Name>{who.name}</pr:Name>"
        f"<pr:FatherName>{who.father}</pr:FatherName><pr:Gender>{who.sex}</pr:Gender>"
        f"<pr:BirthDate>{who.born:%d.%m.%Y}</pr:BirthDate><pr:BirthPlace>Bakı</pr:BirthPlace>"
        f'<pr:Citizenship>AZE</pr:Citizenship><pr:Residence unit="{who.unit}">{who.address}'
        f"</pr:Residence></pr:Person>{first}{second}</pr:Event>\n"
    )


def residence(index: int) -> str:
    """Where a person is registered (Interior, XML): one record."""
    who = person(index)
    return (
        f'<pr:RegistrationEvent kind="SNAPSHOT" at="{AT}" pin="{who.fin}" type="RESIDENCE">'
        f'<pr:Address unit="{who.unit}">{who.address}</pr:Address>'
        f"<pr:RegisteredOn>{_since(index):%d.%m.%Y}</pr:RegisteredOn>"
        f"<pr:RegisteredBy>SINAQ RPŞ</pr:RegisteredBy></pr:RegistrationEvent>\n"
    )


def company(index: int) -> str:
    """A taxpayer (Economy, XML), legal and natural in turn: one record."""
    head = f'voen="{taxpayer(index)}" op="SNAPSHOT" at="{AT}"'
    tail = "<StatusCode>ACTIVE</StatusCode><RegisteredOn>17.01.2022</RegisteredOn></Taxpayer>\n"
    who = person(index)
    if index % 2:
        return (
            f'<Taxpayer {head} kind="NATURAL"><FullName>{who.surname} {who.name}</FullName>'
            f"<Pin>{who.fin}</Pin><Address>{who.address}</Address>{tail}"
        )
    return (
        f'<Taxpayer {head} kind="LEGAL"><FullName>"Sınaq Ticarət {index}" MMC</FullName>'
        f"<LegalFormCode>120</LegalFormCode><LegalFormName>Açıq səhmdar cəmiyyəti</LegalFormName>"
        f"<Address>{who.address}</Address>{tail}"
    )


def payroll(index: int, persons: int) -> Iterator[str]:
    """A quarter's three returns of one employer (Economy, XML), with nine lines each."""
    cents = [_WAGE_CENTS + (index * LINES + n) * 7919 % 260_000 // 100 * 100 for n in range(LINES)]
    lines = "".join(
        f'<Line fin="{person((index * LINES + n) * 5 % persons).fin}" months="1">'
        f"<Wage>{_manat(wage)}</Wage>{_premiums(wage * _PREMIUM // 100)}</Line>"
        for n, wage in enumerate(cents)
    )
    premium = sum(wage * _PREMIUM // 100 for wage in cents)
    for month in MONTHS:
        yield (
            f'<PayrollReturn voen="{taxpayer(index)}" period="{month}" version="1" op="NEW" '
            f'at="{AT}"><Employees>{LINES}</Employees><WageFund>{_manat(sum(cents))}</WageFund>'
            f"{_premiums(premium)}{lines}</PayrollReturn>\n"
        )


def dates_of_papers(index: int) -> tuple[date, date]:
    """When the documents of a person were issued, and how long they are valid."""
    return _since(index), _since(index) + _TEN_YEARS


def _paper(index: int, kind: str) -> str:
    issued, valid_until = dates_of_papers(index)
    if kind == "PASSPORT":
        series, number = "C", f"{index:08d}"
    else:
        series, number = f"A{'ABCD'[index // 10**7]}", f"{index % 10**7:07d}"
    return (
        f'<pr:Document type="{kind}"><pr:Series>{series}</pr:Series><pr:Number>{number}</pr:Number>'
        f"<pr:IssuedBy>SINAQ ASAN 1</pr:IssuedBy><pr:IssueDate>{issued:%d.%m.%Y}</pr:IssueDate>"
        f"<pr:ValidUntil>{valid_until:%d.%m.%Y}</pr:ValidUntil>"
        f"<pr:Status>VALID</pr:Status></pr:Document>"
    )


def _since(index: int) -> date:
    return _ISSUED + timedelta(days=index * 7919 % 4700)


def _premiums(cents: int) -> str:
    manat = _manat(cents)
    return f"<EmployeePremium>{manat}</EmployeePremium><EmployerPremium>{manat}</EmployerPremium>"


def _manat(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
