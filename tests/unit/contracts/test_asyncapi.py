"""The AsyncAPI document: up to date, complete, and true about what the hub publishes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connectors._kit.discover import discover
from hub.contracts.asyncapi import FILE, document, main
from hub.evidence.notices import Notice, Place
from routing.topology import topology
from schemas.catalogue import records
from schemas.envelope import Event
from schemas.staff_fact import ENTERED_BY

CONNECTORS = discover()
DOCUMENT = document(CONNECTORS)
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_the_file_is_what_the_code_says() -> None:
    assert main(["--check"]) == 0, "run python -m hub.contracts.asyncapi"
    assert json.loads(FILE.read_bytes()) == DOCUMENT


def test_a_stale_or_missing_file_is_told_of_and_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "asyncapi.json"
    for _ in range(2):
        assert main(["--check"], file) == 1
        assert "run python -m hub.contracts.asyncapi" in capsys.readouterr().out
        file.write_text("{}")
    assert main([], file) == 0
    assert main(["--check"], file) == 0


def test_every_ministry_has_its_three_channels_and_canonical_is_one() -> None:
    per_ministry = {
        f"{kind}.{name}" for name in CONNECTORS for kind in ("intake", "notice", "receipt")
    }
    assert CHANNELS.keys() == {"canonical"} | per_ministry


def test_bindings_name_exchanges_and_queues_that_the_topology_has() -> None:
    bus = topology(CONNECTORS)
    exchanges = {exchange.name: exchange.kind for exchange in bus.exchanges}
    queues = {queue.name for queue in bus.queues}
    for channel in CHANNELS.values():
        binding = channel["bindings"]["amqp"]
        assert binding["bindingVersion"] == "0.3.0"
        if binding["is"] == "queue":
            assert binding["queue"]["name"] in queues
        else:
            assert exchanges[binding["exchange"]["name"]] == binding["exchange"]["type"]


def test_the_hub_receives_what_ministries_publish_and_sends_the_rest() -> None:
    actions = {
        operation["channel"]["$ref"].rpartition("/")[2]: operation["action"]
        for operation in DOCUMENT["operations"].values()
    }
    assert actions.keys() == CHANNELS.keys()
    for channel, action in actions.items():
        assert action == ("receive" if channel.startswith("intake.") else "send")


def test_every_record_type_is_a_message_on_canonical() -> None:
    assert CHANNELS["canonical"]["messages"].keys() == {
        f"{name}.v{record.record_version}" for name, record in records().items()
    }
    parameters = CHANNELS["canonical"]["parameters"]
    assert set(parameters["record"]["enum"]) == records().keys()
    assert set(parameters["ministry"]["enum"]) == {*CONNECTORS, ENTERED_BY}


def test_every_contract_file_but_the_services_is_a_message_of_its_ministry() -> None:
    for name, connector in CONNECTORS.items():
        files = {
            file.name
            for file in (connector.folder / "contract").iterdir()
            if file.suffix != ".wsdl"
        }
        told = [
            DOCUMENT["components"]["messages"][message]
            for message in CHANNELS[f"intake.{name}"]["messages"]
            if message != "manifest"
        ]
        assert {Path(message["x-contract"]).name for message in told} == files
        assert all(message["contentType"] in connector.content_types for message in told)


@pytest.mark.parametrize("proposal", [None, "TST000A"])
def test_a_notice_is_what_its_schema_says(proposal: str | None) -> None:
    schema = json.loads((FILE.parent / "json" / "notice.v1.json").read_bytes())
    places = (Place(0, "Act/FIN", "…", proposal), Place(7, "Act/FIN", "…"))
    notice = Notice("justice", "m-1", "refusal", "fin-format", places)
    Draft202012Validator(schema).validate(notice.body(NOW))
    assert set(schema["required"]) == notice.body(NOW).keys()


def test_the_payload_of_a_record_names_type_schema_and_record() -> None:
    payload = DOCUMENT["components"]["messages"]["person.v1"]["payload"]["schema"]
    envelope, narrowed = payload["items"]["allOf"]
    assert envelope == {"$ref": "json/event.v1.json"}
    assert narrowed["properties"].keys() <= Event.model_fields.keys()
    assert narrowed["properties"]["type"] == {"const": "az.itsda.qovsaq.person.v1"}
    assert narrowed["properties"]["data"] == {"$ref": "json/person.v1.json"}


def test_receipts_and_answers_to_manifests_come_in_arrays() -> None:
    payload = DOCUMENT["components"]["messages"]["receipt"]["payload"]["schema"]
    assert (payload["type"], payload["minItems"]) == ("array", 1)
    kinds = [each["$ref"] for each in payload["items"]["oneOf"]]
    assert kinds == ["json/receipt.v1.json", "json/manifest_answer.v1.json"]
