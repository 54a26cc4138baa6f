"""The service description a ministry builds its client from, as the hub serves it."""

from __future__ import annotations

from lxml import etree

from connectors._kit.contract import Connector

PUSH_WSDL = "push.wsdl"
_ADDRESSES = tuple(
    f"{{http://schemas.xmlsoap.org/wsdl/{version}/}}address" for version in ("soap", "soap12")
)
_IMPORT = "{http://www.w3.org/2001/XMLSchema}import"


def push_wsdl(connector: Connector, address: str, contracts: str) -> bytes | None:
    """The connector's ``push.wsdl``, saying where the hub listens (``address``) and where it
    serves the schemas (``contracts``, a folder's URL); None for a ministry without SOAP."""
    file = connector.folder / "contract" / PUSH_WSDL
    if not file.is_file():
        return None
    root = etree.fromstring(file.read_bytes(), etree.XMLParser(resolve_entities=False))
    for element in root.iter(*_ADDRESSES):
        element.set("location", address)
    for element in root.iter(_IMPORT):
        location = element.get("schemaLocation")
        if location:
            element.set("schemaLocation", f"{contracts}/{location}")
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
