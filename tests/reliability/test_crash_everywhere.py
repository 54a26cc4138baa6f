"""A crash before and after every effect, one at a time: the end is always the same.

The places are not listed by hand. A fuse counts every transaction, publish and acknowledgement
of intake and writer, and burns at the n-th; n runs until a run ends without burning.
"""

from __future__ import annotations

import pytest

from tests.reliability.plant import Fuse, Yard

pytestmark = [pytest.mark.reliability, pytest.mark.database]


@pytest.mark.timeout(600)
def test_a_crash_at_any_place_changes_nothing(yard: Yard) -> None:
    place, seen = 1, set()
    while True:
        fuse = Fuse(burns_at=place)
        assert yard.problems(fuse) == [], fuse.places
        if not fuse.burnt:
            break
        seen.update(fuse.places)
        place += 1
    assert place > 50
    assert {
        "intake before commit",
        "intake after commit",
        "registry before commit",
        "registry after commit",
        "before publish",
        "after publish",
        "before ack",
        "after ack",
    } <= seen
