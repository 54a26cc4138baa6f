"""The published contracts as one set of files, in memory and in a folder with a manifest.

Files lie as they do in the repository (``schemas/json``, ``schemas/asyncapi.json``,
``connectors/<ministry>/contract``), so that references between them hold in either place and a
revision of the repository compares with an exported folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import orjson

from connectors import _ehis
from connectors._kit.contract import Connector
from hub.contracts import asyncapi
from schemas import export
from schemas.errors import Stop

MANIFEST = "manifest.json"
_FORMAT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE

Contracts = Mapping[str, bytes]


def collect(connectors: Mapping[str, Connector]) -> dict[str, bytes]:
    """Give every contract of this release by its path, sorted."""
    from connectors._kit import soap_push  # workers look at contracts and carry no SOAP client

    records = {f"schemas/json/{name}": body for name, body in export.documents().items()}
    interface = {asyncapi.PATH: asyncapi.rendered(connectors)}
    spoken = {
        f"connectors/{connector.name}/contract/{name}": body
        for connector in connectors.values()
        for name, body in contract_files(connector).items()
    }
    exchanged = {f"connectors/_ehis/contract/{name}": body for name, body in ehis_files().items()}
    pushed = {
        f"connectors/_kit/contract/{soap_push.CONTRACT.name}": soap_push.CONTRACT.read_bytes()
    }
    return dict(sorted((records | interface | spoken | exchanged | pushed).items()))


def contract_files(connector: Connector) -> dict[str, bytes]:
    """Give the files of one connector's contract by their path inside its folder."""
    return _files(connector.folder / "contract")


def ehis_files() -> dict[str, bytes]:
    """Give the files of the contract of EHİS by their path inside its folder."""
    return _files(Path(_ehis.__path__[0]) / "contract")


def _files(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def belongs(path: str) -> bool:
    """Whether a file of the repository is one of the published contracts."""
    match PurePosixPath(path).parts:
        case ("schemas", "json", name):
            return name.endswith(".json")
        case ("connectors", _, "contract", *inside):
            return bool(inside)
        case _:
            return path == asyncapi.PATH


def manifest(contracts: Contracts) -> bytes:
    """List the files with their digests: what an integrator compares after the download."""
    files = [
        {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
        for path, body in sorted(contracts.items())
    ]
    return orjson.dumps({"manifest": 1, "files": files}, option=_FORMAT)


def write(contracts: Contracts, folder: Path) -> None:
    """Make a folder hold exactly these files and their manifest.

    Raises ``Stop`` for a folder that holds anything but an earlier export.
    """
    present = _present(folder)
    earlier = {MANIFEST, *_listed(folder)} if (folder / MANIFEST).is_file() else set()
    if foreign := sorted(present - earlier):
        raise Stop(f"the folder holds files that are no earlier export ({foreign[0]})")
    for path in present:
        (folder / path).unlink()
    for path, body in {**contracts, MANIFEST: manifest(contracts)}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)


def read(folder: Path) -> dict[str, bytes]:
    """Read an exported folder, or the contracts of a checkout.

    Raises ``Stop`` if there are none, or if a file is not what the manifest says.
    """
    found = {path: (folder / path).read_bytes() for path in _present(folder) if belongs(path)}
    if not found:
        raise Stop("the folder holds no contracts")
    if (folder / MANIFEST).is_file():
        digests = _listed(folder)
        for path in sorted(digests.keys() | found.keys()):
            body = found.get(path)
            if body is None or hashlib.sha256(body).hexdigest() != digests.get(path):
                raise Stop(f"{path} is not what the manifest of the folder says")
    return dict(sorted(found.items()))


def _present(folder: Path) -> set[str]:
    tops = (folder, folder / "schemas", folder / "connectors")
    files = [path for path in folder.glob("*") if path.is_file()]
    files += [path for top in tops[1:] for path in top.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix() for path in files}


def _listed(folder: Path) -> dict[str, str]:
    try:
        listed = orjson.loads((folder / MANIFEST).read_bytes())["files"]
        return {each["path"]: each["sha256"] for each in listed}
    except (orjson.JSONDecodeError, LookupError, TypeError):
        raise Stop(f"{MANIFEST} in the folder is not one of ours") from None
