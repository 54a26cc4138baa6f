"""Discovery: a complete folder is enough, an incomplete one stops the process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors
from connectors._kit.discover import discover, fingerprint
from schemas.errors import Stop

CONNECTOR = """
from pathlib import Path
from connectors._kit.contract import Connector
from connectors.{folder}.normalize import normalize
CONNECTOR = Connector(
    name="{name}", title="t", dialect="d", content_types=("application/json",), records=(),
    normalize=normalize, folder=Path(__file__).parent,
)
"""


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second place where connector folders live."""
    known = set(sys.modules)
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def write(root: Path, folder: str, name: str | None = None) -> Path:
    place = root / folder
    (place / "contract").mkdir(parents=True)
    (place / "samples").mkdir()
    (place / "__init__.py").write_text("")
    (place / "normalize.py").write_text("def normalize(raw, rules):\n    yield from ()\n")
    (place / "connector.py").write_text(CONNECTOR.format(folder=folder, name=name or folder))
    return place


def test_the_ministries_of_the_decree_are_discovered_in_order_of_name() -> None:
    found = discover()
    decreed = {"justice", "interior", "labour", "health", "economy", "migration"}
    assert found.keys() >= decreed
    assert list(found) == sorted(found)
    assert all(connector.name == name for name, connector in found.items())


def test_a_folder_beside_the_package_is_discovered_too(extra: Path) -> None:
    place = write(extra, "seventh")
    assert discover()["seventh"].folder == place


def test_folders_that_start_with_an_underscore_or_a_dot_are_not_connectors(extra: Path) -> None:
    (extra / "_draft").mkdir()
    (extra / ".cache").mkdir()
    assert not {"_draft", ".cache"} & discover().keys()


@pytest.mark.parametrize(
    "part", ["__init__.py", "connector.py", "normalize.py", "contract", "samples"]
)
def test_a_half_written_folder_stops_the_process_and_is_named(extra: Path, part: str) -> None:
    place = write(extra, "seventh")
    (place / part).rename(extra / "elsewhere")
    (extra / "elsewhere").rename(extra.parent / f"taken-{part}")
    with pytest.raises(Stop, match=f"seventh is half-written: no {part}"):
        discover()


def test_a_connector_named_unlike_its_folder_stops_the_process(extra: Path) -> None:
    write(extra, "seventh", name="justice")
    with pytest.raises(Stop, match="connector justice lives in a folder named seventh"):
        discover()


def test_a_name_that_is_there_twice_stops_the_process(extra: Path) -> None:
    write(extra, "justice")
    with pytest.raises(Stop, match="justice is there twice"):
        discover()


def test_a_module_without_a_connector_stops_the_process(extra: Path) -> None:
    (write(extra, "seventh") / "connector.py").write_text("CONNECTOR = None\n")
    with pytest.raises(Stop, match="defines no CONNECTOR"):
        discover()


def test_the_fingerprint_follows_names_and_bytes_of_the_contract(extra: Path) -> None:
    place = write(extra, "seventh")
    connector = discover()["seventh"]
    seen = [fingerprint(connector)]
    for name, content in (("a.xsd", "1"), ("a.xsd", "2"), ("b.xsd", "2")):
        (place / "contract" / name).write_text(content)
        seen.append(fingerprint(connector))
    (place / "contract" / "a.xsd").rename(place / "contract" / "c.xsd")
    seen.append(fingerprint(connector))
    assert len(set(seen)) == len(seen)
    assert fingerprint(connector) == seen[-1]
