"""Personal names: Azerbaijani casing, schwa look-alikes, Cyrillic legacy, search keys.

Python's own casing is wrong for Azerbaijani in both directions (``"I".lower()`` must be ``ı``,
``"i".upper()`` must be ``İ``), and Unicode normalization leaves ``ə`` alone.
"""

from __future__ import annotations

import re
import unicodedata

from schemas.fields import PatronymicSuffix

_TO_LOWER = str.maketrans("İI", "iı")
_TO_UPPER = str.maketrans("iı", "İI")
_DOT_ABOVE = "\u0307"
_WORD = re.compile(r"[^\s-]+")

# Cyrillic schwa, turned e, and the ä that stood for schwa in 1991-92.
_SCHWA = str.maketrans("\u04d9\u04d8\u01dd\u018eäÄ", "əƏəƏəƏ")

# The Azerbaijani Cyrillic alphabet (1939-2001); in the last row Russian letters of older entries.
_CYRILLIC = {
    **dict(zip("абҹчдефҝғһхыижкглмноөпрсштуүвјз", "abcçdefgğhxıijkqlmnoöprsştuüvyz", strict=True)),
    **{"э": "e", "й": "y", "ё": "yo", "ю": "yu", "я": "ya", "ц": "s", "щ": "ş", "ъ": "", "ь": ""},
}
_SUFFIXES: dict[str, PatronymicSuffix] = {"oglu": "oğlu", "qizi": "qızı"}


def lower_az(text: str) -> str:
    """Lower case by the Azerbaijani rule: ``İSMAYIL`` → ``ismayıl``."""
    return text.translate(_TO_LOWER).lower()


def upper_az(text: str) -> str:
    """Upper case by the Azerbaijani rule: ``ismayıl`` → ``İSMAYIL``."""
    return text.translate(_TO_UPPER).upper()


def title_az(text: str) -> str:
    """Capitalize each word, also after a hyphen: ``ƏLİ-AĞA`` → ``Əli-Ağa``."""
    return _WORD.sub(lambda word: _capital(word[0][0]) + lower_az(word[0][1:]), text)


def _capital(letter: str) -> str:
    capital = upper_az(letter)
    return capital if len(capital) == 1 else letter


_LATIN = str.maketrans(_CYRILLIC | {upper_az(k): title_az(v) for k, v in _CYRILLIC.items()})


def normalize_name(text: str) -> str:
    """Write a name as an Azerbaijani document would: NFC, Latin, one blank between words.

    Schwa look-alikes become ``ə``, stray dots above go, a name wholly in Cyrillic is
    transliterated, and a name all in capitals or all in small letters is capitalized. Idempotent.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split())).replace(_DOT_ABOVE, "")
    name = unicodedata.normalize("NFC", composed.translate(_SCHWA))
    latin = name.translate(_LATIN) if _is_cyrillic(name) else name
    if _has_one_case(name) or _has_one_case(latin):
        latin = title_az(latin)
    return unicodedata.normalize("NFC", latin)


def search_key(text: str) -> str:
    """Fold a name for searching, never for display: ``Gülbəniz`` and ``GULBENIZ`` agree."""
    bare = unicodedata.normalize("NFKD", lower_az(normalize_name(text)))
    letters = bare.translate(_SCHWA).replace("ə", "e").replace("ı", "i")
    return " ".join("".join(c if c.isalnum() else _separator(c) for c in letters).split())


def split_patronymic(text: str) -> tuple[str, PatronymicSuffix | None]:
    """Split a patronymic into normalized stem and suffix: ``ƏLİ OĞLU`` → ``("Əli", "oğlu")``."""
    name = normalize_name(text)
    stem, _, last = name.rpartition(" ")
    suffix = _SUFFIXES.get(search_key(last))
    return (stem, suffix) if stem and suffix else (name, None)


def _is_cyrillic(name: str) -> bool:
    letters = {letter for letter in name.lower() if letter.isalpha() and letter != "ə"}
    return bool(letters) and letters <= _CYRILLIC.keys()


def _has_one_case(text: str) -> bool:
    return text.isupper() or text.islower()


def _separator(letter: str) -> str:
    return " " if letter in "- " else ""
