"""Who is masked works at the desk, and sees nobody's data there."""

from __future__ import annotations

import pytest

from hub.agency import changes
from hub.deadletters.queries import Filter
from hub.evidence import operators
from hub.evidence.declined import Declined
from tests.support.desk_bench import DeskBench, park_one

pytestmark = pytest.mark.database


@pytest.fixture
def masked(bench: DeskBench) -> str:
    with bench.database.transaction() as tx:
        return operators.add(tx, "ceyla", bench.tokens["root"], bench.now, masked=True)


def test_a_masked_operator_lists_and_discards_letters_but_opens_none(
    bench: DeskBench, masked: str
) -> None:
    letter = park_one(bench)
    (listed,) = bench.desk.letters(masked, Filter())
    assert listed["letter_id"].hex == letter
    for refused in (
        lambda: bench.desk.show(masked, letter, with_body=True),
        lambda: bench.desk.show(masked, letter),
        lambda: bench.desk.correct(masked, letter, b"{}", "why"),
        lambda: list(bench.desk.preview(masked, [letter])),
    ):
        with pytest.raises(Declined, match="operator-masked"):
            refused()
    assert bench.desk.discard(masked, [letter], "a test") == 1


def test_a_masked_operator_reads_no_changes_and_makes_nobody_who_could(
    bench: DeskBench, masked: str
) -> None:
    for refused in (
        lambda tx: changes.page(tx, masked, 0, 10, bench.now),
        lambda tx: operators.add(tx, "dunya", masked, bench.now),
    ):
        with pytest.raises(Declined, match="operator-masked"), bench.database.transaction() as tx:
            refused(tx)
    with bench.database.transaction() as tx:
        token = operators.add(tx, "dunya", masked, bench.now, masked=True)
        assert operators.authenticate(tx, token).masked
