"""How alike two names are, as people write them: without marks, in Cyrillic, transliterated, wrong.

A score is between 0 and 1 and says how sure one may be that the same name was meant. It is never
proof that the same person is: two persons may bear one name and be born on one day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from schemas.names import lower_az, normalize_name, search_key

SAME, BARE, SOUND = 1.0, 0.95, 0.85
"""The same letters; the same without marks and case; the same however it was transliterated."""

_LEAST = 0.6
_NAMES = 10_000
"""How many names are remembered: hundreds are compared with the one that is asked for."""

_SWAPPED = 0.95
_WEIGHTS = {"family": 0.45, "given": 0.4, "patronymic": 0.15}

# Longest first. What one letter of either alphabet became in others, written the same way.
_LETTERS = (
    ("shch", "s"), ("dzh", "c"), ("sch", "s"), ("tch", "c"),
    ("sh", "s"), ("ch", "c"), ("zh", "c"), ("kh", "h"), ("gh", "k"), ("dj", "c"), ("ph", "f"),
    ("ya", "a"), ("yu", "u"), ("yo", "o"), ("ye", "e"), ("ts", "s"),
    ("x", "h"), ("q", "k"), ("g", "k"), ("j", "c"), ("w", "v"), ("y", "i"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_FEMININE = re.compile(r"(?<=[oei]v)a$")
_SONS_AND_DAUGHTERS = re.compile(r"(?<=.)\s*(oglu|kizi|oglı|(iev|ev|ov)(ic|na)|ic|ovic)$")


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name; None where it has none, or where it was not asked for."""

    given: str | None = None
    family: str | None = None
    patronymic: str | None = None


def likeness(asked: Name, known: Name) -> float:
    """Score a name against what was asked for, given and family name also the other way round.

    A part that was not asked for, or is not known, says nothing.
    """
    swapped = Name(asked.family, asked.given, asked.patronymic)
    return max(_score(asked, known), _SWAPPED * _score(swapped, known))


def _score(asked: Name, known: Name) -> float:
    scores: dict[str, float] = {}
    for part in _WEIGHTS:
        if (wanted := getattr(asked, part)) and (have := getattr(known, part)):
            scores[part] = alike(wanted, have, part)
            if scores[part] == 0:
                return 0.0
    if not scores:
        return 0.0
    weighed = sum(_WEIGHTS[part] * score for part, score in scores.items())
    return weighed / sum(_WEIGHTS[part] for part in scores)


def alike(asked: str, known: str, part: str = "given") -> float:
    """Score one part of a name; 0 where it is another one."""
    if _written(asked) == _written(known):
        return SAME
    if _key(asked) == _key(known):
        return BARE
    heard, said = sound(asked, part), sound(known, part)
    if heard and heard == said:
        return SOUND
    matcher = SequenceMatcher(None, heard, said, autojunk=False)
    if matcher.real_quick_ratio() < _LEAST or matcher.quick_ratio() < _LEAST:
        return 0.0  # they are bounds from above, and most names of others end here
    ratio = matcher.ratio()
    return SOUND * ratio if ratio >= _LEAST else 0.0


@lru_cache(maxsize=_NAMES)
def _written(name: str) -> str:
    return lower_az(normalize_name(name))


@lru_cache(maxsize=_NAMES)
def _key(name: str) -> str:
    return search_key(name)


@lru_cache(maxsize=_NAMES)
def sound(name: str, part: str = "given") -> str:
    """Reduce a name to what its transliterations have in common: ``Xəlilov`` is ``Khalilova``."""
    text = _key(name)
    for written, heard in _LETTERS:
        text = text.replace(written, heard)
    text = _DOUBLED.sub(r"\1", text.replace("'", ""))
    if part == "family":
        text = _FEMININE.sub("", text)
    if part == "patronymic":
        text = _SONS_AND_DAUGHTERS.sub("", text)
    # Russian writes schwa as a, and Latin letters without marks make it e.
    return text.replace("e", "a")
