"""The data dictionary of the published views: what each is, column by column, in two languages.

``dictionary.toml`` holds it; the views in the database and ``docs/data-dictionary.md`` are made
from it, so that they cannot say different things.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "published"

Type = Literal["text", "date", "numeric", "bigint", "boolean", "jsonb", "timestamp with time zone"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Value):
    """A column: ``path`` leads to its value in the record's JSON, with dots between; a path that
    begins with ``item.`` into one of the things that ``View.each`` lists. Where it has ``purposes``
    of its own, roles of the view's other purposes do not see it."""

    path: str | None = None
    type: Type = "text"
    purposes: tuple[str, ...] = ()
    az: str
    en: str


class Chart(_Value):
    """How a question is drawn: a bar for each ``label``, for each of the ``values`` columns and
    each combination of the ``series`` columns. What shares a bar is added up, so that nothing may
    share one that is not of a kind. ``unit`` says what is counted; ``ordered`` by label is for
    time."""

    label: str
    values: tuple[str, ...]
    series: tuple[str, ...] = ()
    unit: str
    ordered: Literal["label", "value"] = "value"


class View(_Value):
    """A view over the facts of one record type, or over other views (``record`` is None).

    ``each`` names a list in the record of which every item is a row. ``purposes`` name the roles
    that may read it; ``key`` the columns that order it, one row for each combination. ``about``
    is the column with the number of the person that a row tells of, if it tells of one.
    """

    clause: Annotated[str, Field(pattern=r"^(3\.1|4\.1\.[1-7]|1\.2|2\.11)$")]
    az: str
    en: str
    record: str | None = None
    each: str | None = None
    historic: bool = True
    purposes: tuple[str, ...]
    key: tuple[str, ...]
    about: str | None = None
    question: str | None = None
    chart: Chart | None = None
    columns: Mapping[str, Column]


class Dictionary(_Value):
    """All views by name, and all purposes with their meaning.

    Counts of persons below ``smallest_cell`` are not shown in statistics.
    """

    smallest_cell: Annotated[int, Field(ge=1)]
    purposes: Mapping[str, str]
    views: Mapping[str, View]


@cache
def dictionary() -> Dictionary:
    """Read the dictionary that comes with this release."""
    text = files(__package__).joinpath("dictionary.toml").read_text(encoding="utf-8")
    return Dictionary.model_validate(tomllib.loads(text))


def columns_of(view: View) -> Mapping[str, Column]:
    """All columns in order: a view over facts ends with where its rows come from."""
    return dict(view.columns) | (_ORIGIN if view.record else {})


_ORIGIN = {
    "source": Column(az="Məlumatı verən orqan", en="Body that supplied it"),
    "record_id": Column(az="Yazının nömrəsi", en="Record id, as in ledger and trace"),
    "occurred_at": Column(
        type="timestamp with time zone",
        az="Mənbədə qüvvəyə minmə vaxtı",
        en="When it took effect at the source",
    ),
    "recorded_at": Column(
        type="timestamp with time zone",
        az="Reyestrə yazılma vaxtı",
        en="When the registry recorded it",
    ),
}
