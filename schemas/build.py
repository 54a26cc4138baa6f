"""From values to a record: what pydantic objects to becomes a typed refusal.

Rules: ``required``, ``unknown-code``, ``text-length``, ``type``, ``unknown-field``, ``value``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.errors import Refused
from schemas.record import CanonicalRecord

Model = TypeVar("Model", bound=BaseModel)
Record = TypeVar("Record", bound=CanonicalRecord)

_RULES = {
    "missing": "required",
    "required": "required",
    "string_too_short": "required",
    "too_short": "required",
    "literal_error": "unknown-code",
    "enum": "unknown-code",
    "string_too_long": "text-length",
    "extra_forbidden": "unknown-field",
    "is_instance_of": "type",
}


def build(
    record_class: type[Record], values: Mapping[str, Any], paths: Mapping[str, str]
) -> Record:
    """Build a record from values by field name; None, at any depth, means absent.

    No field knows a None that says something else (a test looks at every one), so that inner Nones
    are taken out only where there is a fault, for it to be named rightly.

    ``paths`` gives the sender's path of a field; inner fields are dotted (``employer.legal_name``,
    ``participants.0.sex``) and fall back to the nearest outer one, then to ``paths[""]``.
    Raise ``Refused`` for the first fault.
    """
    try:
        return record_class.model_validate(
            {name: value for name, value in values.items() if value is not None}
        )
    except ValidationError:
        pass
    try:
        return record_class.model_validate(_present(values))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
    path = _sender_path(tuple(str(part) for part in fault["loc"]), paths)
    explanation = fault["msg"].removeprefix("Value error, ")
    raise Refused(_rule(fault["type"]), path, explanation)


def assemble(model: type[Model], fields: dict[str, Any]) -> Model:
    """Make a model of all its fields, in their order, without validating them once more.

    Only for what is made for every record of parts that were checked one by one just before;
    tests hold each use to what validation gives.
    """
    made = model.__new__(model)
    object.__setattr__(made, "__dict__", fields)
    object.__setattr__(made, "__pydantic_fields_set__", set(fields))
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", None)
    return made


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _present(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_present(part) for part in value]
    return value


def _sender_path(location: tuple[str, ...], paths: Mapping[str, str]) -> str:
    for length in range(len(location), -1, -1):
        outer = ".".join(location[:length])
        if outer in paths:
            return paths[outer]
    return ".".join(location)


def _rule(fault: str) -> str:
    if fault.endswith("_type"):
        return "type"
    return _RULES.get(fault, "value")
