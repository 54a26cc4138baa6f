"""Every kind of contract file brought into the one form that ``comparison`` compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import orjson

from connectors._kit.xml_contract import read_xml_contract
from hub.contracts.keywords import Shape
from schemas.errors import Refused

FORMAL = (".xsd", ".wsdl", ".json")
_XML = (".xsd", ".wsdl")


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract file: what it calls itself (namespace or ``$id``), and its shape.

    ``shape`` is None for what only people can read (``.md``).
    """

    identity: str
    shape: Shape | None


def read(name: str, body: bytes) -> Contract:
    """Read a contract file by the ending of its name; raise ``Refused`` if it is not one."""
    ending = PurePosixPath(name).suffix
    if ending in _XML:
        described = read_xml_contract(body)
        return Contract(described.namespace, described.shape)
    if ending == ".json":
        return _read_json(body)
    return Contract("", None)


def guess(body: bytes) -> str:
    """Name a served file by its first byte, since its address may not tell what it is."""
    return "served.json" if body.lstrip()[:1] == b"{" else "served.xsd"


def _read_json(body: bytes) -> Contract:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused("contract", "", "neither XML nor JSON") from None
    if not isinstance(document, dict):
        raise Refused("contract", "", "not a JSON object")
    if "asyncapi" in document:
        return Contract(str(document.get("id", "")), _interface(document))
    return Contract(str(document.get("$id", "")), document)


def _interface(document: Mapping[str, Any]) -> Shape:
    """Shape of an AsyncAPI document: its channels, their messages, and its operations."""
    described = document.get("components", {}).get("messages", {})
    channels = {
        name: _channel(channel, described) for name, channel in document["channels"].items()
    }
    operations = {
        name: {"const": [operation["action"], operation["channel"]["$ref"]]}
        for name, operation in document["operations"].items()
    }
    return {
        "properties": {
            "channels": {"x-members": "channel", "properties": channels},
            "operations": {"x-members": "operation", "properties": operations},
        }
    }


def _channel(channel: Mapping[str, Any], described: Mapping[str, Any]) -> Shape:
    parameters = {
        name: {"enum": parameter["enum"]}
        for name, parameter in channel.get("parameters", {}).items()
        if "enum" in parameter
    }
    bindings = channel.get("bindings", {}).get("amqp", {})
    return {
        "properties": {
            "address": {"const": channel["address"]},
            "binding": {"const": [bindings.get("is"), bindings.get("exchange", {}).get("name")]},
            "parameters": {"properties": parameters},
            "messages": {
                "x-members": "message",
                "properties": {name: _message(described.get(name)) for name in channel["messages"]},
            },
        }
    }


def _message(message: Mapping[str, Any] | None) -> Shape | bool:
    """Shape of a message; the schemas its body refers to are files, compared by themselves."""
    if message is None:
        return True
    return {
        "properties": {
            "contentType": {"const": message.get("contentType")},
            "payload": message.get("payload", {}).get("schema", True),
        }
    }
