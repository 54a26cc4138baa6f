"""What is wrong with a setting, said to whoever set it: the name in the environment, no value."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pydantic_core import ErrorDetails

_WORDS: Mapping[str, str] = {
    "extra_forbidden": "no such setting",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must look like urn:name:name",
    "too_short": "must not be empty",
    "model_type": "is a group; set the values in it, with __ between",
    "dict_type": "is a group; set the values in it, with __ between",
    "value_error": "{error}",
}


def in_plain_words(fault: ErrorDetails, prefix: str) -> str:
    """Say what pydantic objects to, for the variable that begins with ``prefix``."""
    location = [part for part in fault["loc"] if isinstance(part, str)]
    name = prefix + "__".join(location).upper()
    words = _WORDS.get(fault["type"])
    return f"{name}: {words.format(**fault.get('ctx', {})) if words else fault['msg']}"


def unknown(name: str, known: list[str]) -> str:
    """Say that there is no such setting, and which one may be meant."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"{name}: no such setting" + (f"; did you mean {close[0]}?" if close else "")
