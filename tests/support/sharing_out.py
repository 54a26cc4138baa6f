"""Which tests go to the same worker: those of a file, and those that would disturb each other.

What a file's fixtures set up for all of its tests is set up once. pytest-xdist's own groups are of
no use here: 3.8 writes a group into an attribute that pytest 9.2 no longer reads.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_BROKER_USERS, _ALERTS = "broker users", "alerts"
TOGETHER = {
    # A Prometheus each, and a hub's processes, watched by the second.
    "tests/e2e/test_alerts_live.py": _ALERTS,
    "tests/e2e/test_drills_live.py": _ALERTS,
    # Users belong to the whole broker, whatever virtual host a test has of its own.
    "tests/integration/agency/test_consumers.py": _BROKER_USERS,
    "tests/integration/cli/test_outbound.py": _BROKER_USERS,
    "tests/integration/delivery/test_revocation.py": _BROKER_USERS,
    "tests/integration/test_broker_permissions.py": _BROKER_USERS,
}


def share_of(nodeid: str) -> str:
    """Name the share that a test belongs to: its group, else its file."""
    file = nodeid.partition("::")[0]
    return TOGETHER.get(file, file)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Gives the next share to whoever is through, in the order of the collection: what takes long
    comes before ``tests/unit``, which fills the end."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)
