"""The settings of a model as operators name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel


def rows(
    section: type[BaseModel], prefix: str, by_name: Mapping[str, tuple[str, type[BaseModel]]]
) -> Iterator[tuple[str, str, str]]:
    """Yield name in the environment, default as text, and meaning of every setting.

    ``by_name`` says whose name stands in a mapping's names, and what each of its values is.
    """
    for key, field in section.model_fields.items():
        name = prefix + key.upper()
        if isinstance(field.default, BaseModel):
            yield from rows(type(field.default), f"{name}__", by_name)
        elif key in by_name:
            whose, section_of_one = by_name[key]
            yield from rows(section_of_one, f"{name}__<{whose}>__", by_name)
        else:
            yield name, _as_text(field.default), field.description or ""


def _as_text(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return "" if default is None else str(default)
