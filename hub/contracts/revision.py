"""The contracts as they were in another revision of the repository, read with git."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import schemas
from hub.contracts.collection import belongs
from schemas.errors import Stop

REPOSITORY = Path(schemas.__path__[0]).parent


def at_revision(revision: str, repository: Path = REPOSITORY) -> dict[str, bytes]:
    """Read the contracts of a revision (``v1.2.0``, ``main~3``); the work tree is left alone.

    Raises ``Stop`` without git, outside a checkout, and for a revision that does not exist or
    holds no contracts.
    """
    if not (repository / ".git").exists():
        raise Stop("not a checkout of the repository; compare with an exported folder instead")
    commit = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    archive = _git(repository, "archive", "--format=tar", commit.decode().strip())
    found = dict(_members(archive))
    if not found:
        raise Stop("the revision holds no contracts")
    return dict(sorted(found.items()))


def _members(archive: bytes) -> list[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        chosen = [(each.name, tar.extractfile(each)) for each in tar if belongs(each.name)]
        return [(name, file.read()) for name, file in chosen if file is not None]


def _git(repository: Path, *arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise Stop("git is not installed; compare with an exported folder instead")
    done = subprocess.run(  # noqa: S603 - our own arguments, and a revision git cannot take for one
        [git, "-C", str(repository), *arguments], capture_output=True, check=False
    )
    if done.returncode:
        raise Stop("git knows no such revision")
    return done.stdout
