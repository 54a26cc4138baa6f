"""What a field of a record may hold: clean text, dates, periods, amounts, measures and codes.

Each type accepts its Python value and the text our own JSON has for it, nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, LiteralString

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_GENERIC_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_AMOUNT_ON_THE_WIRE = r"^[0-9]{1,12}\.[0-9]{2}$"
_MEASURE = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?")
_MEASURE_ON_THE_WIRE = r"^[0-9]{1,14}(\.[0-9]{0,3}[1-9])?$"


def absent(explanation: LiteralString) -> PydanticCustomError:
    """The error of a validator that misses a field; ``schemas.build`` reads it as ``required``."""
    return PydanticCustomError("required", explanation)


def clean_text(value: Any) -> Any:
    """NFC with runs of white space as one blank; control characters are an error.

    Composed form makes equal texts equal bytes; PostgreSQL cannot store NUL.
    """
    if not isinstance(value, str):
        return value
    if not value.isprintable():  # it may hold control characters, or blanks of other kinds
        value = " ".join(value.split())
        if _CONTROL.search(value):
            raise ValueError("must not contain control characters")
    elif "  " in value or value[:1] == " " or value[-1:] == " ":
        value = " ".join(value.split())
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if _ISO_DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("must be a date as YYYY-MM-DD")


def _generic_date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if _GENERIC_DATE.fullmatch(value):
            date.fromisoformat((value + "-01-01")[: len("YYYY-MM-DD")])
            return value
    except ValueError:
        pass
    raise ValueError("must be a date as YYYY, YYYY-MM or YYYY-MM-DD")


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if _ISO_INSTANT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("must be an instant in ISO 8601 with its offset")


def _amount(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _AMOUNT.fullmatch(value):
        raise ValueError("must be a decimal number with at most two places")
    return Decimal(value)


def _measure(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _MEASURE.fullmatch(value):
        raise ValueError("must be a decimal number with at most four places")
    return Decimal(value)


def _no_needless_zeros(value: Decimal) -> str:
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def _two_places(value: Decimal) -> str:
    return f"{value:.2f}"


Text = Annotated[str, Field(min_length=1), BeforeValidator(clean_text)]
"""Text that says something: not empty, NFC, at most ``MAX_TEXT`` characters."""

Day = Annotated[date, BeforeValidator(_date)]
"""A calendar day; JSON ``YYYY-MM-DD``."""

GenericDate = Annotated[
    str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"), BeforeValidator(_generic_date)
]
"""A day, a month or only a year, as ISO text (SEMIC ``GenericDate``): old records know no more."""

Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
"""A moment with its UTC offset; JSON ISO 8601."""

Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=14, decimal_places=2),
    BeforeValidator(_amount),
    PlainSerializer(_two_places, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _AMOUNT_ON_THE_WIRE}),
]
"""Money, exact to two places; JSON text such as ``"1250.00"``, since JSON numbers are binary."""

Measure = Annotated[
    Decimal,
    Field(ge=0, max_digits=18, decimal_places=4),
    BeforeValidator(_measure),
    PlainSerializer(_no_needless_zeros, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _MEASURE_ON_THE_WIRE}),
]
"""A quantity, exact to four places; JSON text without needless zeros: ``"12.5"``, ``"12"``."""

Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z._/-]{1,64}$")]
"""An entry of somebody's classifier; has no colon, so that it can be part of a fact key."""

Period = Annotated[str, Field(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$")]
"""A reporting period: a month ``2026-01``, a quarter ``2026-Q1`` or a year ``2026``."""

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""ISO 3166-1 alpha-3."""

Sex = Literal["male", "female", "unknown"]
PatronymicSuffix = Literal["oğlu", "qızı"]
