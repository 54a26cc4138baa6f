"""The schemas as others use them: ``xmllint`` takes what the hub takes and refuses the rest.

Needs ``libxml2-utils``. What comes in a SOAP envelope is taken out of it first.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from connectors._kit.contract import Connector, Limits, Rejected
from connectors._kit.discover import discover
from connectors._kit.soap import SOAP_11, SOAP_12, unwrap
from connectors._kit.xml import parse_xml
from schemas.errors import Refused
from tests.connectors.golden import Sample, golden, hostile, normalized
from tests.connectors.test_contracts_agree import expressible, parsed, rule_of
from tests.connectors.test_twins import ABOUT_BYTES, twins, way

XMLLINT = shutil.which("xmllint")
SCHEMAS = [
    pytest.param(connector, file, id=f"{name}-{file.stem}")
    for name, connector in discover().items()
    for file in sorted((connector.folder / "contract").glob("*.xsd"))
]

pytestmark = pytest.mark.skipif(XMLLINT is None, reason="xmllint (libxml2-utils) is not installed")


def good(connector: Connector) -> Iterator[Sample]:
    """Golden documents that are taken as a whole, and their twins in other bytes."""
    for sample in golden(connector):
        if not any(isinstance(item, Rejected) for item in normalized(connector, sample.raw)):
            yield sample
    for twin in twins(connector):
        if way(twin) in ABOUT_BYTES | {"plain"}:
            yield Sample(connector, twin, twin)


def bad(connector: Connector) -> Iterator[Sample]:
    """Documents of which the hub refuses something that the schema knows too."""
    yield from filter(expressible, golden(connector))
    for sample in hostile(connector):
        if parsed(sample) or rule_of(sample) == "xml-syntax":
            yield sample


def file_of(sample: Sample, folder: Path) -> tuple[Path, str | None]:
    """The document as a file of its own, and its namespace as far as it can be read."""
    file = folder / f"{sample.document.parent.name}-{sample.document.name}"
    file.write_bytes(sample.raw.body)
    try:
        root = parse_xml(sample.raw, Limits(), sample.connector.content_types)
        if root.tag.startswith((f"{{{SOAP_11}", f"{{{SOAP_12}")):
            root = unwrap(root)
            file.write_bytes(etree.tostring(root))
    except Refused:
        return file, None
    return file, etree.QName(root).namespace


def valid(schema: Path, files: list[Path]) -> set[Path]:
    assert XMLLINT is not None
    command = [XMLLINT, "--noout", "--nonet", "--schema", str(schema), *map(str, files)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert "Schemas parser error" not in told.stderr
    return {Path(name) for name in re.findall(r"^(.+) validates$", told.stderr, re.MULTILINE)}


@pytest.mark.parametrize(("connector", "schema"), SCHEMAS)
def test_xmllint_agrees_with_the_hub(connector: Connector, schema: Path, tmp_path: Path) -> None:
    namespace = etree.parse(schema).getroot().get("targetNamespace")
    taken = [file_of(each, tmp_path) for each in good(connector) if each.document.suffix == ".xml"]
    refused = [file_of(each, tmp_path) for each in bad(connector) if each.document.suffix == ".xml"]
    ours = [file for file, of in taken if of == namespace]
    assert ours
    assert valid(schema, ours) == set(ours)
    assert valid(schema, [file for file, _ in refused]) == set()
