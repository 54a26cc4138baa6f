"""The AsyncAPI 3.0 document of the bus, derived from topology, records and connectors.

``python -m hub.contracts.asyncapi`` writes ``schemas/asyncapi.json``; with ``--check`` it only
compares and exits with 1 if the file is missing or stale. Seen from the hub: it receives what
ministries publish, and sends the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

import schemas
from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from hub.contracts import messages
from routing import keys
from routing.topology import Topology, topology
from schemas.catalogue import records
from schemas.staff_fact import ENTERED_BY

PATH = "schemas/asyncapi.json"
FILE = Path(schemas.__path__[0]) / "asyncapi.json"
_FORMAT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_BINDING = "0.3.0"
_INFO = {
    "title": "Qovşaq, the integration hub of the mandatory health insurance database",
    # Of the interface, not of the release: what breaks it is a new major version.
    "version": "1.0.0",
    "description": (
        "Six ministries publish to their intake exchanges in their own dialects. The hub publishes "
        "canonical records as CloudEvents batches on the exchange `canonical`, and tells each "
        "ministry what became of its messages. `docs/amqp-binding.md` has the rules in words."
    ),
    "license": {"name": "Apache-2.0"},
}
_SERVERS = {
    "broker": {
        "host": "{host}",
        "protocol": "amqps",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ; a ministry's user may write to its own intake exchange only.",
        "variables": {"host": {"default": "broker.invalid", "description": "set by agreement"}},
    }
}
_SENT = {"deliveryMode": 2, "mandatory": True, "timestamp": True, "bindingVersion": _BINDING}
_RECEIVED = {"ack": True, "bindingVersion": _BINDING}

_FOR_MINISTRIES = {"notice": keys.notice_queue, "receipt": keys.receipt_queue}


def document(connectors: Mapping[str, Connector]) -> dict[str, Any]:
    """Describe the whole interface for these connectors."""
    bus = topology(connectors)
    told = {kind: messages.of_record(record) for kind, record in messages.kinds(records())}
    shared = messages.from_all_ministries()
    spoken = {name: messages.of_connector(each) for name, each in connectors.items()}
    channels = {keys.CANONICAL: _canonical(bus, connectors, told)}
    for name in connectors:
        intake = keys.intake_exchange(name)
        channels[intake] = _intake(bus, name, {**spoken[name], **shared})
        for kind, queue in _FOR_MINISTRIES.items():
            channels[queue(name)] = _queue(bus, queue(name), kind, name)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:az:itsda:qovsaq",
        "info": _INFO,
        "servers": _SERVERS,
        "channels": channels,
        "operations": dict(_operation(name) for name in channels),
        "components": {
            "messages": {
                **told,
                **{name: text for each in spoken.values() for name, text in each.items()},
                **shared,
                **messages.to_ministries(),
            }
        },
    }


def rendered(connectors: Mapping[str, Connector]) -> bytes:
    """Give the document as the bytes of its file."""
    return orjson.dumps(document(connectors), option=_FORMAT)


def main(arguments: Sequence[str], file: Path = FILE) -> int:
    """Write the file, or compare it if ``--check`` is given; return the exit status."""
    wanted = rendered(discover())
    if "--check" not in arguments:
        file.write_bytes(wanted)
        return 0
    if file.is_file() and file.read_bytes() == wanted:
        return 0
    sys.stdout.write(f"{PATH} differs from the code; run python -m hub.contracts.asyncapi\n")
    return 1


def _canonical(
    bus: Topology, connectors: Mapping[str, Connector], told: Mapping[str, Any]
) -> dict[str, Any]:
    known = records().values()
    clauses = sorted({record.category.value for record in known})
    versions = sorted({str(record.record_version) for record in known})
    parts = {
        "lane": _parameter("live or bulk", keys.LANES),
        "clause": _parameter("clause of decree 308", clauses),
        "record": _parameter("record type", (record.record_type for record in known)),
        "version": _parameter("major version of the record type", versions),
        "ministry": _parameter("source ministry, or the Agency", [*connectors, ENTERED_BY]),
    }
    channel = _exchange(bus, keys.CANONICAL, "{lane}.{clause}.{record}.v{version}.{ministry}")
    return {
        **channel,
        "description": "Every accepted record, as batches of CloudEvents of one routing key.",
        "parameters": parts,
        "messages": _references(told),
    }


def _intake(bus: Topology, ministry: str, spoken: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_exchange(bus, keys.intake_exchange(ministry), "{lane}"),
        "description": "What the ministry publishes; the only exchange its user may write to.",
        "parameters": {"lane": _parameter("live, or bulk for mass loads", keys.LANES)},
        "messages": _references(spoken),
    }


def _exchange(bus: Topology, name: str, address: str) -> dict[str, Any]:
    (exchange,) = (each for each in bus.exchanges if each.name == name)
    binding = {
        "is": "routingKey",
        "exchange": {"name": name, "type": exchange.kind, "durable": True, "autoDelete": False},
        "bindingVersion": _BINDING,
    }
    return {"address": address, "title": name, "bindings": {"amqp": binding}}


def _queue(bus: Topology, name: str, kind: str, ministry: str) -> dict[str, Any]:
    (queue,) = (each for each in bus.queues if each.name == name)
    binding = {
        "is": "queue",
        "queue": {"name": queue.name, "durable": True, "exclusive": False, "autoDelete": False},
        "bindingVersion": _BINDING,
    }
    return {
        "address": queue.name,
        "title": name,
        "description": f"For {ministry} to read: every {kind} about its own messages.",
        "messages": _references([kind]),
        "bindings": {"amqp": binding},
    }


def _operation(channel: str) -> tuple[str, dict[str, Any]]:
    action, binding = ("receive", _RECEIVED) if channel.startswith("intake.") else ("send", _SENT)
    return f"{action}.{channel}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"amqp": binding},
    }


def _parameter(meaning: str, values: Iterable[str]) -> dict[str, Any]:
    return {"description": meaning, "enum": list(values)}


def _references(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
