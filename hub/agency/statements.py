"""What an operator types as ``name=value``, read as a statement about a person or legal entity."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson
from pydantic import ValidationError

from hub.evidence.declined import Declined
from schemas.staff_fact import LegalEntityStatement, PersonStatement

_PAIR = re.compile(r"(?P<name>[A-Za-z]+)=(?P<value>.+)", re.DOTALL)
Statement = PersonStatement | LegalEntityStatement


def read(kind: type[Statement], pairs: Iterable[str]) -> Statement:
    """Read pairs by the golden record's names; a value that begins with ``{`` or ``[`` is JSON.

    Raises ``Declined`` (``fact-statement``), which names the field and never the value.
    """
    values: dict[str, object] = {}
    for pair in pairs:
        found = _PAIR.fullmatch(pair.strip())
        if not found:
            raise Declined("fact-statement", "each is NAME=VALUE, with a name of the golden record")
        if found["name"] in values:
            raise Declined("fact-statement", f"{found['name']} is said twice")
        values[found["name"]] = _value(found["name"], found["value"])
    return _built(kind, values)


def _value(name: str, text: str) -> object:
    if text[0] not in "{[":
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Declined("fact-statement", f"{name} is no JSON") from None


def _built(kind: type[Statement], values: dict[str, object]) -> Statement:
    if not values:
        raise Declined("fact-statement", "a fact says something")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    raise Declined("fact-statement", f"{where}: {fault['msg']}")
