"""What a record is of no use without: who receives less should receive nothing (decree 2.10.4)."""

from __future__ import annotations

from functools import cache

from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord


@cache
def essential_fields(known: type[CanonicalRecord]) -> frozenset[str]:
    """The fields, by their JSON names, without which a record would be sent half.

    Required identifiers, whatever subject and fact key are made of (a receiver sees both, and
    could not tell facts apart without them), and what the class declares as ``essential``.
    """
    fields = known.model_fields
    identifying = {
        name
        for name, field in fields.items()
        if field.annotation is Identifier and field.is_required()
    }
    keyed = {name for key in ("subject", "fact_key") for name in _read_by(known, key)}
    names = {*identifying, *(keyed & fields.keys()), *known.essential}
    return frozenset(fields[name].alias or name for name in names)


def _read_by(known: type[CanonicalRecord], name: str) -> tuple[str, ...]:
    """The attributes that a property reads."""
    return tuple(getattr(known, name).fget.__code__.co_names)
