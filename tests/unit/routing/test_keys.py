from __future__ import annotations

import pytest

from routing.keys import CanonicalKey, dead_queue, intake_queue
from schemas.errors import Refused


def test_a_canonical_key_reads_back_as_it_was_written() -> None:
    key = CanonicalKey("live", "c412", "identity_document", 12, "interior")
    assert str(key) == "live.c412.identity_document.v12.interior"
    assert CanonicalKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "text",
    ["", "live", "live.c412.person.1.interior", "live.c412.person.v.interior", "a.b.c.v1.d.e"],
)
def test_any_other_key_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        CanonicalKey.parse(text)
    assert caught.value.rule == "canonical-key"


def test_dead_queues_are_named_for_their_origin() -> None:
    assert dead_queue(intake_queue("health", "bulk")) == "dead.intake.health.bulk"
