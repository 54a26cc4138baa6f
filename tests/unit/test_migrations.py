"""The migrations form one chain, in the order of their numbers."""

from __future__ import annotations

import re
from pathlib import Path

import hub.store.migrations

VERSIONS = sorted((Path(hub.store.migrations.__path__[0]) / "versions").glob("[0-9]*.py"))
NAMED = re.compile(r'^(revision|down_revision) = (?:"(\d{4})"|None)$', re.MULTILINE)


def test_each_migration_follows_the_one_before_it() -> None:
    before = None
    for path in VERSIONS:
        named = {name: number or None for name, number in NAMED.findall(path.read_text("utf-8"))}
        assert named == {"revision": path.name[:4], "down_revision": before}
        before = named["revision"]
