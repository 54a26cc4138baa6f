"""The catalogue of canonical records: every record class defined in a module of ``schemas``.

Nothing is registered by hand: a new record is complete when its file exists.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import TypeGuard

import schemas
from schemas.errors import Refused, Stop
from schemas.record import CanonicalRecord


def records() -> dict[str, type[CanonicalRecord]]:
    """The newest version of each record type, by type, sorted."""
    newest = sorted(_by_kind().items())
    return {record_type: record_class for (record_type, _), record_class in newest}


def record_class(record_type: str, version: int) -> type[CanonicalRecord]:
    """The class of one version of a record type; raise ``Refused`` (``unknown-record``)."""
    try:
        return _by_kind()[record_type, version]
    except KeyError:
        raise Refused("unknown-record", "", "no record type of that name and version") from None


def forget() -> None:
    """Look again at the next question: modules were added to ``schemas`` since the last."""
    _by_kind.cache_clear()


@cache
def _by_kind() -> Mapping[tuple[str, int], type[CanonicalRecord]]:
    found: dict[tuple[str, int], type[CanonicalRecord]] = {}
    for candidate in _defined():
        kind = (candidate.record_type, candidate.record_version)
        if kind in found:
            raise Stop(f"record {kind[0]}.v{kind[1]} is defined twice")
        found[kind] = candidate
    return MappingProxyType(found)


def _defined() -> Iterator[type[CanonicalRecord]]:
    for found in pkgutil.iter_modules(schemas.__path__, "schemas."):
        module = importlib.import_module(found.name)
        yield from (value for value in vars(module).values() if _is_record_of(module, value))


def _is_record_of(module: ModuleType, value: object) -> TypeGuard[type[CanonicalRecord]]:
    if not isinstance(value, type) or value.__module__ != module.__name__:
        return False
    return issubclass(value, CanonicalRecord) and value is not CanonicalRecord
