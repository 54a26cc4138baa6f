"""Validation of sample documents against the contract files a connector publishes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from lxml import etree

from connectors._kit.contract import Connector, Limits, RawMessage
from connectors._kit.soap import SOAP_11, SOAP_12, unwrap
from connectors._kit.xml import parse_xml


def contract_faults(connector: Connector, raw: RawMessage, suffix: str) -> list[str]:
    """What the contract holds against a document; empty if it conforms, or if it is only prose."""
    contract = connector.folder / "contract"
    if suffix not in (".json", ".xml"):
        return []
    if suffix == ".json":
        return _json_faults(contract, json.loads(raw.body))
    root = parse_xml(raw, Limits(), connector.content_types)
    payload = unwrap(root) if root.tag.startswith((f"{{{SOAP_11}", f"{{{SOAP_12}")) else root
    return _xml_faults(contract, payload)


def _json_faults(contract: Path, document: object) -> list[str]:
    (schema,) = (json.loads(file.read_bytes()) for file in contract.glob("*.json"))
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(document)]


def _xml_faults(contract: Path, payload: etree._Element) -> list[str]:
    namespace = etree.QName(payload).namespace
    for file in contract.glob("*.xsd"):
        document = etree.parse(file)
        if document.getroot().get("targetNamespace") == namespace:
            schema = etree.XMLSchema(document)
            alone = etree.fromstring(etree.tostring(payload))
            return [] if schema.validate(alone) else [str(schema.error_log)]
    return [f"no schema for namespace {namespace}"]
