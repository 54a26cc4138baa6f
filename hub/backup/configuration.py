"""Settings as a TOML file: those without secrets in the clear, the secrets sealed or left out.

A sealed file is JSON of name and secret; it belongs to its backup (``backup:<id>``) and opens
with the file of keys alone, which is never in a backup.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from hub.evidence.sealing import Capsule, Keyring
from hub.settings import Settings

_Value = str | int | float | bool | list[Any]
_HEAD = "# Settings as they were when the backup was made; QOVSAQ_CONFIG may name this file.\n"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings that somebody made, by dotted name: ``poll.justice.url``."""

    plain: Mapping[str, _Value]
    secret: Mapping[str, _Value]


def configuration(settings: Settings) -> Configuration:
    """Take the settings apart; what nobody set is left to the defaults."""
    plain: dict[str, _Value] = {}
    secret: dict[str, _Value] = {}
    for name, value, hidden in _leaves(settings, ""):
        (secret if hidden else plain)[name] = value
    plain.pop("config", None)
    secret.pop("operator_token", None)  # a person's, not the deployment's
    return Configuration(plain, secret)


def as_toml(values: Mapping[str, _Value]) -> str:
    """Render settings as TOML; JSON's texts, numbers and lists are TOML's too."""
    tables: dict[str, list[str]] = {}
    for name, value in values.items():
        table, _, key = name.rpartition(".")
        tables.setdefault(table, []).append(
            f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}"
        )
    lines = tables.pop("", [])
    for table, entries in sorted(tables.items()):
        lines += ["", "[" + ".".join(map(_key, table.split("."))) + "]", *entries]
    return _HEAD + "\n".join(lines) + "\n"


def completed(text: str, secret: Mapping[str, _Value]) -> str:
    """Render settings that ``as_toml`` rendered once more, with secrets among them."""
    return as_toml(dict(_flat(tomllib.loads(text), "")) | dict(secret))


def seal(secret: Mapping[str, _Value], keyring: Keyring, backup: str) -> Capsule | None:
    """Seal secrets for one backup; None where there is nothing to seal, or nothing to seal with."""
    if keyring.newest is None or not secret:
        return None
    return keyring.seal(json.dumps(dict(secret)).encode(), f"backup:{backup}")


def unseal(capsule: Capsule, keyring: Keyring, backup: str) -> dict[str, _Value]:
    """Open what ``seal`` sealed; raises as ``Keyring.open`` does."""
    opened: dict[str, _Value] = json.loads(keyring.open(capsule, f"backup:{backup}"))
    return opened


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, _Value]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _leaves(model: BaseModel, prefix: str) -> Iterator[tuple[str, _Value, bool]]:
    for key in sorted(model.model_fields_set):
        yield from _leaf(f"{prefix}{key}", getattr(model, key))


def _leaf(name: str, value: Any) -> Iterator[tuple[str, _Value, bool]]:
    match value:
        case None:
            return
        case BaseModel():
            yield from _leaves(value, f"{name}.")
        case Mapping():
            for key, part in sorted(value.items()):
                yield from _leaf(f"{name}.{key}", part)
        case SecretStr():
            yield name, value.get_secret_value(), True
        case tuple() | list():
            parts = [part for each in value for part in _leaf(name, each)]
            yield name, [part for _, part, _ in parts], any(hidden for *_, hidden in parts)
        case bool() | int() | float():
            yield name, value, False
        case _:
            yield name, str(value), False


def _key(text: str) -> str:
    return text if text.replace("-", "").replace("_", "").isalnum() else json.dumps(text)
