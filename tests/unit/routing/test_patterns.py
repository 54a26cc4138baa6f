"""Topic patterns without a broker. That they match as RabbitMQ does is in the contract suite."""

from __future__ import annotations

import pytest

from routing.patterns import matches


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("#", "c412.person.v1.interior", True),
        ("c412.#", "c412.person.v1.interior", True),
        ("c412.#", "c412", True),
        ("c412.*.v1.*", "c412.person.v1.interior", True),
        ("*.person.#", "c412.person.v1.interior", True),
        ("#.interior", "c412.person.v1.interior", True),
        ("c412.*", "c412.person.v1.interior", False),
        ("c41.#", "c412.person.v1.interior", False),
        ("*.*.*.*.*", "c412.person.v1.interior", False),
    ],
)
def test_a_pattern_selects_by_words(pattern: str, key: str, expected: bool) -> None:
    assert matches(pattern, key) is expected
