"""Discovery: a connector is a folder; whoever adds the folder has added the ministry."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from pathlib import Path

import connectors
from connectors._kit.contract import Connector
from schemas.errors import Stop

_PARTS = ("connector.py", "normalize.py", "contract", "samples")


def discover() -> dict[str, Connector]:
    """All connectors by name, sorted: one per package in ``connectors`` not starting with ``_``.

    Every folder on the package's ``__path__`` is searched, so another distribution may bring
    ministries of its own. Raises ``Stop`` for a half-written folder, and for a name that is
    not its folder's or is there twice.
    """
    found: dict[str, Connector] = {}
    for folder in _folders():
        _check_complete(folder)
        connector = _load(folder)
        if connector.name in found:
            raise Stop(f"connector {connector.name} is there twice: also in {folder}")
        found[connector.name] = connector
    return dict(sorted(found.items()))


def fingerprint(connector: Connector) -> str:
    """SHA-256 over names and bytes of the contract's files: changes when the contract does."""
    digest = hashlib.sha256()
    contract = connector.folder / "contract"
    for file in sorted(path for path in contract.rglob("*") if path.is_file()):
        digest.update(file.relative_to(contract).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _folders() -> Iterator[Path]:
    for root in connectors.__path__:
        for folder in sorted(Path(root).iterdir()):
            if folder.is_dir() and folder.name.isidentifier() and not folder.name.startswith("_"):
                yield folder


def _check_complete(folder: Path) -> None:
    missing = [part for part in ("__init__.py", *_PARTS) if not (folder / part).exists()]
    if missing:
        raise Stop(f"connector folder {folder.name} is half-written: no {', '.join(missing)}")


def _load(folder: Path) -> Connector:
    module = importlib.import_module(f"connectors.{folder.name}.connector")
    connector = getattr(module, "CONNECTOR", None)
    if not isinstance(connector, Connector):
        raise Stop(f"connectors/{folder.name}/connector.py defines no CONNECTOR")
    if connector.name != folder.name:
        raise Stop(f"connector {connector.name} lives in a folder named {folder.name}")
    return connector
