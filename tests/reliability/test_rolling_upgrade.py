"""The release before keeps working while its successor's migrations run and its processes join."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from hub.bootstrap import Kind, bring_up_to_date
from hub.store import migrate
from tests.reliability.stage import Stage
from tests.support.hub_process import HubProcess, environment
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.database,
    pytest.mark.timeout(900),
]
REPOSITORY = Path(__file__).parents[2]
SET_BACK = "QOVSAQ_TEST_UPGRADE_FROM"
"""A commit to upgrade from; else the last release, else the state before the newest migrations."""
MIGRATIONS_BACK = 5
WAITING = """
SELECT query_start FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
KINDS = (Kind.INTAKE, Kind.REGISTRY, Kind.RELAY)
BESIDE = {"QOVSAQ_CANONICAL_COMPRESSED": "false"}
"""How the new release runs beside one that cannot read compressed batches (ADR 0020)."""


class Before(NamedTuple):
    """The code of an earlier state, unpacked, and which schema it needs."""

    folder: Path
    schema: str


@pytest.fixture
def before(tmp_path: Path) -> Before:
    commit = os.environ.get(SET_BACK) or _last_release() or _before_the_newest_migrations()  # noqa: TID251
    packed = _git("archive", commit)
    if not commit or packed is None:
        pytest.skip("this is no git repository with a history: there is no earlier state to run")
    folder = tmp_path / "before"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    versions = (folder / "hub/store/migrations/versions").glob("[0-9]*.py")
    return Before(folder, max(path.name[:4] for path in versions))


def _last_release() -> str:
    return (_git("describe", "--tags", "--abbrev=0", "--match", "v*") or b"").decode().strip()


def _before_the_newest_migrations() -> str:
    versions = sorted((migrate.SCRIPTS / "versions").glob("[0-9]*.py"))
    states = map(_state_before, versions[-MIGRATIONS_BACK:])
    return next((state for state in states if state and _has_one_chain(state)), "")


def _state_before(version: Path) -> str:
    first = version.relative_to(REPOSITORY)
    added = _git("log", "--diff-filter=A", "--format=%H", "--", str(first)) or b""
    return f"{added.split()[0].decode()}~1" if added else ""


def _has_one_chain(state: str) -> bool:
    """Whether a state could be migrated: where two lines of work met there were two of a number."""
    folder = (migrate.SCRIPTS / "versions").relative_to(REPOSITORY)
    listed = _git("ls-tree", "--name-only", state, f"{folder}/") or b""
    numbers = re.findall(rb"/([0-9]{4})_", listed)
    return 0 < len(numbers) == len(set(numbers))


def _git(*words: str) -> bytes | None:
    try:
        ended = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ended.stdout


@pytest.mark.slow
@pytest.mark.broker
def test_two_releases_side_by_side_under_load_lose_nothing_and_count_nothing_twice(
    stage: Callable[..., Stage], before: Before, empty_database_url: str
) -> None:
    assert before.schema < migrate.expected()
    settings = {"QOVSAQ_DATABASE_URL": empty_database_url}
    migration = [sys.executable, "-m", "hub.cli", "migrate"]
    subprocess.run(migration, env=environment(settings), cwd=before.folder, check=True)
    assert migrate.current(empty_database_url) == before.schema
    played = stage(database_url=empty_database_url)
    old = [played.process(kind, home=before.folder) for kind in KINDS]
    new = [played.process(kind, settings=BESIDE) for kind in KINDS]
    third = len(played.traffic.messages) // 3
    start(old)
    try:
        with played.sending(played.traffic.messages[:third]):
            played.wait_for(0.05)
            bring_up_to_date(empty_database_url)
            at_migration = played.settled()
        assert migrate.current(empty_database_url) == migrate.expected()
        with played.sending(played.traffic.messages[third : 2 * third]):
            played.until(lambda: played.settled() > at_migration, "the old release at work")
        start(new)
        assert [each.kind for each in old if not each.running] == []
        with played.sending(played.traffic.messages[2 * third :]):
            assert [each.stop() for each in old] == [0] * len(old)
        played.come_to_rest()
        assert [each.stop() for each in new] == [0] * len(new)
    finally:
        for each in (*old, *new):
            each.kill()
    assert played.problems() == []
    assert played.attempts() == 0


def start(processes: list[HubProcess]) -> None:
    for each in processes:
        each.start()
    for each in processes:
        wait_until(lambda each=each: each.ready, 120, f"{each.kind} at work")  # type: ignore[misc]


def test_a_migration_that_meets_a_lock_lets_others_by_and_comes_again(
    empty_database_url: str,
) -> None:
    """It must not queue up behind a long transaction, with everybody else behind it."""
    waits: set[object] = set()
    with psycopg.connect(empty_database_url) as rival, ThreadPoolExecutor(1) as beside:
        rival.execute("CREATE TABLE public.schema_version (version_num text)")
        rival.commit()
        rival.execute("LOCK TABLE public.schema_version")
        upgrade = beside.submit(bring_up_to_date, empty_database_url)
        with psycopg.connect(empty_database_url, autocommit=True) as watcher:

            def came_again() -> bool:
                waits.update(row[0] for row in watcher.execute(WAITING))
                return len(waits) >= 2 or upgrade.done()

            wait_until(came_again, 120, "a second attempt")
        rival.rollback()
        assert upgrade.result(120) == migrate.expected()
    assert len(waits) == 2


def test_an_index_that_was_left_half_made_is_made_again(database_url: str) -> None:
    valid = (
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'outbound.custody_decided'::regclass"
    )
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("UPDATE public.schema_version SET version_num = '0032'")
        owner.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'outbound.custody_decided'::regclass"
        )
        assert bring_up_to_date(database_url) == migrate.expected()
        assert owner.execute(valid).fetchall() == [(True,)]
