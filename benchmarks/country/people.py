"""Whom the country's documents tell of: everything about a person is a function of the index.

Arithmetic instead of drawn numbers: forty million records are made in minutes, in no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hub.simulator.identifiers import voen
from hub.simulator.markup import upper
from hub.simulator.population import MEN, PLACES, STREETS, SURNAMES, WOMEN

# A FIN with T, S and T in this order, in any three places, and neither letter elsewhere. The usual
# ``TST`` in front is the first of 35 such patterns; alone it would do for a tenth of the country.
_FILLING = "0123456789ABCDEFGHJKLMNPQRUVWXYZ"
_PATTERNS = tuple((a, b, c) for a in range(5) for b in range(a + 1, 6) for c in range(b + 1, 7))
_PER_PATTERN = len(_FILLING) ** 4
_STRIDE = 700_001  # prime to 2**20: scatters neighbours over the alphabet
PERSONS = len(_PATTERNS) * _PER_PATTERN

_LEGAL = 900_000
TAXPAYERS = 2 * _LEGAL

_OLDEST = date(1935, 1, 1)
_DAYS = 32_000
_SURNAMES = tuple(upper(name) for name in SURNAMES)
_SURNAMES_OF_WOMEN = tuple(upper(f"{name}a") for name in SURNAMES)
_MEN, _WOMEN = tuple(map(upper, MEN)), tuple(map(upper, WOMEN))
_FATHERS_OF_SONS = tuple(upper(f"{name} oğlu") for name in MEN)
_FATHERS_OF_DAUGHTERS = tuple(upper(f"{name} qızı") for name in MEN)


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen: names in capitals, as the population register writes them; ``sex`` M or F.

    ``plain`` are given, family and father's name as the registry keeps them.
    """

    index: int
    fin: str
    surname: str
    name: str
    father: str
    sex: str
    born: date
    unit: str
    address: str
    plain: tuple[str, str, str]


def fin(index: int) -> str:
    """FIN of person ``index``, 0 up to ``PERSONS``: seven characters, each person's own."""
    nth, within = divmod(index, _PER_PATTERN)
    rest = within * _STRIDE % _PER_PATTERN
    letters = dict(zip(_PATTERNS[nth], "TST", strict=True))
    for place in range(7):
        if place not in letters:
            rest, digit = divmod(rest, len(_FILLING))
            letters[place] = _FILLING[digit]
    return "".join(letters[place] for place in range(7))


def person(index: int) -> Person:
    """Citizen ``index``."""
    scattered = index * 2_654_435_761 % 2**32
    man = scattered & 1
    place = PLACES[scattered % len(PLACES)]
    father = scattered // 7 % len(_FATHERS_OF_SONS)
    family = scattered // 11 % len(_SURNAMES)
    given = scattered // 13 % len(_MEN)
    house = scattered // 17 % 120 + 1
    street = STREETS[scattered // 19 % len(STREETS)]
    return Person(
        index=index,
        fin=fin(index),
        surname=_SURNAMES[family] if man else _SURNAMES_OF_WOMEN[family],
        name=_MEN[given] if man else _WOMEN[given],
        father=_FATHERS_OF_SONS[father] if man else _FATHERS_OF_DAUGHTERS[father],
        sex="M" if man else "F",
        born=_OLDEST + timedelta(days=scattered % _DAYS),
        unit=place[0],
        address=f"{place[2]}, {place[1]} şəhəri, {street}, ev {house}",
        plain=(
            (MEN if man else WOMEN)[given],
            SURNAMES[family] if man else f"{SURNAMES[family]}a",
            MEN[father],
        ),
    )


def taxpayer(index: int) -> str:
    """VÖEN of taxpayer ``index``, 0 up to ``TAXPAYERS``: even ones are legal entities."""
    half, natural = divmod(index, 2)
    return voen(half, natural=bool(natural))
