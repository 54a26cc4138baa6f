"""What a parents' change of name lets one expect of their minor children: a pure decision.

The hub renames nobody. It expects that the child's own source will say the new name, and sees
that expectation met when the golden record does (Family Code 191.1 and 191.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.names import search_key

_OF_AGE = 18
_DAY_PARTS = 3


@dataclass(frozen=True, slots=True)
class Kin:
    """That an act names ``parent`` as father or mother of ``child``; later acts count more.

    ``born`` is the child's date of birth as far as the act knows it, ``key`` the act's place
    among others: day, version and record id.
    """

    child: str
    parent: str
    role: str
    born: str | None
    key: tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Renaming:
    """That an act changed names of ``subject`` on a day; a name it left alone is None."""

    subject: str
    act: str
    given_name: str | None
    family_name: str | None
    key: tuple[str, int, str]

    @property
    def day(self) -> str:
        """Day of the act, as ISO text."""
        return self.key[0]


@dataclass(frozen=True, slots=True)
class Expectation:
    """A field of a child that should come to say one of ``accepted``, and whether it does."""

    child: str
    field: str
    ground: str
    accepted: tuple[str, ...]
    acts: tuple[str, ...]
    met: bool


def expected(
    child: str, kin: Iterable[Kin], renamings: Iterable[Renaming], fields: Mapping[str, Any]
) -> list[Expectation]:
    """What is expected of a child, given its golden ``fields`` and its parents' renamings.

    A father's new given name becomes the patronymic of his minor children; surnames follow when
    both parents have changed theirs. Either parent's form of the surname is accepted.
    """
    acts = sorted(kin, key=lambda each: each.key)
    parents = {each.role: each.parent for each in acts}
    told = [each.born for each in acts if each.born]
    born = fields.get("dateOfBirth") or (told[-1] if told else None)
    if born is None or "dateOfDeath" in fields:
        return []
    named = sorted(renamings, key=lambda each: each.key)
    given = _latest(named, parents.get("father"), "given_name")
    surnames = [_latest(named, parents.get(role), "family_name") for role in ("father", "mother")]
    found = []
    if given and _is_minor(born, given.day):
        found.append(_expectation(child, "patronymicName", "family-code-191.1", [given], fields))
    both = [each for each in surnames if each]
    if len(both) == len(surnames) and _is_minor(born, max(each.day for each in both)):
        found.append(_expectation(child, "familyName", "family-code-191.2", both, fields))
    return found


def _latest(named: Iterable[Renaming], parent: str | None, name: str) -> Renaming | None:
    of_parent = [each for each in named if each.subject == parent and getattr(each, name)]
    return of_parent[-1] if of_parent else None


def _expectation(
    child: str, field: str, ground: str, causes: list[Renaming], fields: Mapping[str, Any]
) -> Expectation:
    name = "given_name" if field == "patronymicName" else "family_name"
    accepted = tuple(dict.fromkeys(getattr(cause, name) for cause in causes))
    says = fields.get(field)
    met = says is not None and search_key(says) in map(search_key, accepted)
    acts = tuple(dict.fromkeys(cause.act for cause in causes))
    return Expectation(child, field, ground, accepted, acts, met)


def _is_minor(born: str, day: str) -> bool:
    """Whether somebody born then may be under age on a day; what is unknown is taken as late."""
    parts = [f"{int(born[:4]) + _OF_AGE:04d}", *born.split("-")[1:]]
    of_age = "-".join(parts + ["99"] * (_DAY_PARTS - len(parts)))
    return day < of_age
