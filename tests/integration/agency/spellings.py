"""The same name as a dozen hands write it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

from hub.agency.likeness import Name
from schemas.names import lower_az, upper_az

_CYRILLIC = dict(
    zip("abcçdefgğhxıijkqlmnoöprsştuüvyzə", "абҹчдефҝғһхыижкглмноөпрсштуүвјзә", strict=True)
)
_RUSSIAN = _CYRILLIC | {"ə": "а", "c": "дж", "ğ": "г", "q": "г", "h": "г", "ö": "о", "ü": "ю",
                        "g": "г", "y": "й"}  # fmt: skip
_ENGLISH = {"ə": "a", "ş": "sh", "ç": "ch", "c": "j", "x": "kh", "ğ": "gh", "q": "g", "ı": "i",
            "ö": "o", "ü": "u", "j": "zh"}  # fmt: skip


def _each(name: Name, write: Callable[[str], str]) -> Name:
    return Name(
        *(write(part) if part else None for part in (name.given, name.family, name.patronymic))
    )


def _letters(table: Mapping[str, str]) -> Callable[[str], str]:
    return lambda text: "".join(table.get(letter, letter) for letter in lower_az(text)).title()


def _without_marks(text: str) -> str:
    bare = unicodedata.normalize("NFKD", lower_az(text).replace("ə", "e").replace("ı", "i"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def _typing_error(text: str) -> str:
    return text[:-2] + text[-1] + text[-2] if len(text) > 4 else text


SPELLINGS: Mapping[str, Callable[[Name], Name]] = {
    "as registered": lambda name: name,
    "in capitals": lambda name: _each(name, upper_az),
    "in small letters": lambda name: _each(name, lower_az),
    "without marks": lambda name: _each(name, _without_marks),
    "in English capitals": lambda name: _each(name, lambda text: _without_marks(text).upper()),
    "in Cyrillic": lambda name: _each(name, _letters(_CYRILLIC)),
    "transliterated into English": lambda name: _each(name, _letters(_ENGLISH)),
    "with look-alikes of schwa": lambda name: _each(name, lambda text: text.replace("ə", "\u01dd")),
    "given and family name swapped": lambda name: Name(name.family, name.given, name.patronymic),
    "without patronymic": lambda name: Name(name.given, name.family),
    "with a typing error": lambda name: Name(name.given, _typing_error(name.family or "")),
    "from a Russian document": lambda name: _each(name, _letters(_RUSSIAN)),
}
