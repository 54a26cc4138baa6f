"""The world the ministries tell of: persons, companies and foreigners, each a function of its
index and the seed, so that a population of any size takes no memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hub.simulator import identifiers

PERSONS = 1_200_000
FOREIGNERS = identifiers.FIN_CAPACITY - PERSONS
COMPANIES = identifiers.VOEN_CAPACITY

# Surnames are built on words for "sample" and "trial": nobody bears them.
SURNAMES = (
    "Nümunəyev", "Sınaqov", "Örnəkov", "Təcrübəyev", "Yoxlamayev", "Misalov", "İşarəyev",
    "Qəlibov", "Şablonov", "Ölçüyev", "Çertyojov", "Əmsalov",
)  # fmt: skip
_UNGENDERED = ("Sınaqlı", "Nümunəzadə", "Örnəkli", "Misalzadə", "Işıqlı")
MEN = (
    "Əli", "İlqar", "İsmayıl", "Çingiz", "Şahin", "Müşfiq", "Vüqar", "Ağası", "Xəyal", "Cavid",
    "Rəşad", "Tuğrul", "Yaqub", "Həsən", "Ülvi", "Qədir", "Kamal", "Zaur", "Fərid", "Orxan",
)  # fmt: skip
WOMEN = (
    "Gülnarə", "Şəhla", "İradə", "Xatirə", "Aynur", "Çiçək", "Əsmər", "Ülkər", "Nigar", "Jalə",
    "Fidan", "Pərvin", "Mələk", "Ceyran", "Günay", "Həcər", "Zərifə", "Könül", "Rübabə", "Lalə",
)  # fmt: skip
PLACES = (
    ("AZ-BA", "Bakı", "AZ1025"), ("AZ-GA", "Gəncə", "AZ2000"), ("AZ-SM", "Sumqayıt", "AZ5000"),
    ("AZ-LA", "Lənkəran", "AZ4200"), ("AZ-SA", "Şəki", "AZ5500"), ("AZ-QBA", "Quba", "AZ4000"),
    ("AZ-MI", "Mingəçevir", "AZ4500"), ("AZ-IMI", "İmişli", "AZ3000"),
)  # fmt: skip
STREETS = ("Sınaq küçəsi", "Nümunə prospekti", "Işıq döngəsi", "Örnək məhəlləsi")
_TRADES = ("Ticarət", "İnşaat", "Nəqliyyat", "Çörək", "Üzüm & Şərab", "Işıq", "Qənnadı", "Tikiş")
_COUNTRIES = ("TUR", "GEO", "RUS", "IRN", "UKR", "PAK", "IND", "KAZ", "UZB", "CHN")
_PURPOSES = ("Əmək fəaliyyəti", "Təhsil", "Ailə birləşməsi", "Sahibkarlıq")

_OLDEST = date(1935, 1, 1)
_DAYS = 32_000  # until August 2022: everyone is born before any stream starts


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody lives or was born; ``unit`` is a code of the administrative division."""

    unit: str
    city: str
    post_code: str
    line: str

    @property
    def full(self) -> str:
        """The address in one line."""
        return f"{self.post_code}, {self.city} şəhəri, {self.line}"


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen; names in title case, ``father`` the father's given name, ``sex`` M or F."""

    index: int
    fin: str
    surname: str
    name: str
    father: str
    sex: str
    born: date
    place: Place

    @property
    def patronymic(self) -> str:
        """Father's name with the suffix by sex, as documents print it."""
        return f"{self.father} {'oğlu' if self.sex == 'M' else 'qızı'}"


@dataclass(frozen=True, slots=True)
class Company:
    """A taxpayer: a legal entity, or (``owner`` set) the entrepreneur of that name."""

    voen: str
    name: str
    form: str
    place: Place
    owner: Person | None


@dataclass(frozen=True, slots=True)
class Foreigner:
    """A foreigner as the migration service knows him: its number always, a FİN perhaps."""

    number: str
    fin: str
    surname: str
    name: str
    father: str | None
    sex: str
    born: date
    country: str
    purpose: str
    place: Place


class World:
    """Everybody there is, by index."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def person(self, index: int) -> Person:
        """Citizen ``index``, modulo ``PERSONS``."""
        index %= PERSONS
        draw = self._draw("person", index)
        sex = draw.choice("MF")
        return Person(
            index=index,
            fin=identifiers.fin(index),
            surname=_surname(draw, sex),
            name=_given_name(draw, sex),
            father=draw.choice(MEN),
            sex=sex,
            born=_OLDEST + timedelta(days=draw.randrange(_DAYS)),
            place=_place(draw),
        )

    def company(self, index: int) -> Company:
        """Taxpayer ``index``, modulo ``COMPANIES``; every third is an entrepreneur."""
        index %= COMPANIES
        draw = self._draw("company", index)
        owner = self.person(index) if index % 3 == 2 else None  # noqa: PLR2004
        return Company(
            voen=identifiers.voen(index, natural=owner is not None),
            name=f'"Sınaq {draw.choice(_TRADES)} {index}" MMC' if owner is None else _full(owner),
            form="MMC" if owner is None else "FS",
            place=_place(draw),
            owner=owner,
        )

    def foreigner(self, index: int) -> Foreigner:
        """Foreigner ``index``, modulo ``FOREIGNERS``; one in three has no patronymic."""
        index %= FOREIGNERS
        draw = self._draw("foreigner", index)
        sex = draw.choice("MF")
        return Foreigner(
            number=f"{90_000_000 + index}",
            fin=identifiers.fin(PERSONS + index),
            surname=_surname(draw, sex),
            name=_given_name(draw, sex),
            father=draw.choice((*MEN, *(None,) * 10)),
            sex=sex,
            born=_OLDEST + timedelta(days=draw.randrange(_DAYS)),
            country=draw.choice(_COUNTRIES),
            purpose=draw.choice(_PURPOSES),
            place=_place(draw),
        )

    def _draw(self, kind: str, index: int) -> Random:
        return Random(f"{self._seed}/{kind}/{index}")  # noqa: S311 - reproducible, not secret


def new_address(draw: Random) -> Place:
    """Somewhere to move to."""
    return _place(draw)


def _given_name(draw: Random, sex: str) -> str:
    return draw.choice(MEN if sex == "M" else WOMEN)


def _surname(draw: Random, sex: str) -> str:
    name = draw.choice(SURNAMES + _UNGENDERED)
    return f"{name}a" if sex == "F" and name in SURNAMES else name


def _place(draw: Random) -> Place:
    unit, city, post_code = draw.choice(PLACES)
    line = f"{draw.choice(STREETS)} {draw.randrange(1, 200)}, mənzil {draw.randrange(1, 90)}"
    return Place(unit, city, post_code, line)


def _full(person: Person) -> str:
    return f"{person.surname} {person.name} {person.patronymic}"
