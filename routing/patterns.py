"""Topic patterns of AMQP, for whoever selects by routing key without a broker."""

from __future__ import annotations


def matches(pattern: str, key: str) -> bool:
    """Match a topic pattern: ``*`` is one word, ``#`` any number of words."""
    return _words(pattern.split("."), key.split("."))


def _words(pattern: list[str], words: list[str]) -> bool:
    match pattern:
        case []:
            return not words
        case ["#", *rest]:
            return any(_words(rest, words[skip:]) for skip in range(len(words) + 1))
        case [first, *rest]:
            return bool(words) and first in ("*", words[0]) and _words(rest, words[1:])
        case _:
            return False
