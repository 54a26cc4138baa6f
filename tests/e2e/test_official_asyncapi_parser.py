"""The AsyncAPI document passes the official parser, npm ``@asyncapi/parser``, and could fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors._kit.discover import discover
from hub.contracts.collection import collect, write
from tests.support.needs import needing
from tests.support.servers import NoServer

pytestmark = pytest.mark.slow

PARSER = "@asyncapi/parser@3.6.3"
SCRIPT = """
import { Parser, fromFile } from "@asyncapi/parser";
const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
for (const { code, message, path, severity } of diagnostics)
  if (severity < 2) console.log(`${code} at ${path.join("/")}: ${message}`);
if (document === undefined) process.exit(1);
console.log(`${document.version()} ${document.channels().all().length} channels`);
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the official parser in it, without what packages run on install."""
    folder = tmp_path_factory.mktemp("node")
    with needing("AsyncAPI parser"):
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise NoServer("node or npm is not installed")
        (folder / "package.json").write_text('{"name": "check", "private": true}')
        words = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", PARSER]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoServer(f"the package cannot be fetched: {done.stderr.strip()[-200:]}")
    (folder / "parse.mjs").write_text(SCRIPT)
    return folder


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    write(collect(discover()), tmp_path)
    return tmp_path / "schemas" / "asyncapi.json"


def parse(node: Path, document: Path) -> tuple[int, str]:
    words = ["node", str(node / "parse.mjs"), str(document)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_the_official_parser_accepts_the_document_without_a_warning(
    node: Path, exported: Path
) -> None:
    channels = len(json.loads(exported.read_bytes())["channels"])
    assert parse(node, exported) == (0, f"3.0.0 {channels} channels\n")


def dangling(document: dict[str, Any]) -> None:
    document["operations"]["send.canonical"]["channel"]["$ref"] = "#/channels/none"


def misspelt(document: dict[str, Any]) -> None:
    document["channels"]["canonical"]["bindings"]["amqp"]["is"] = "exchange"


def unresolved(document: dict[str, Any]) -> None:
    payload = document["components"]["messages"]["notice"]["payload"]
    payload["schema"]["$ref"] = "json/none.json"


def no_schema(document: dict[str, Any]) -> None:
    document["components"]["messages"]["notice"]["payload"]["schema"] = {"type": "notice"}


@pytest.mark.parametrize("spoil", [dangling, misspelt, unresolved, no_schema])
def test_the_official_parser_refuses_a_spoilt_document(
    node: Path, exported: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    document = json.loads(exported.read_bytes())
    spoil(document)
    exported.write_text(json.dumps(document))
    status, printed = parse(node, exported)
    assert status == 1, printed
