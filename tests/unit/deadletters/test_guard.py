"""When a letter may be sent again."""

from __future__ import annotations

import pytest

from hub.deadletters.guard import Verdict, verdict
from hub.deadletters.letter import State
from hub.evidence.record_log import State as Record
from hub.registry.fold import Outcome

PARKED = [Record.PARKED]
NEWER = [Outcome.SUPERSEDED]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.PARKED, Verdict.SEND),
        (State.APPROVED, Verdict.SEND),
        (State.PROPOSED, Verdict.AWAITS_APPROVAL),
        (State.SENDING, Verdict.UNDER_WAY),
        (State.SENT, Verdict.UNDER_WAY),
        (State.SETTLED, Verdict.CLOSED),
        (State.REPLACED, Verdict.CLOSED),
        (State.DISCARDED, Verdict.CLOSED),
    ],
)
def test_every_state_has_its_verdict(state: State, expected: Verdict) -> None:
    assert verdict(state, PARKED, [], even_if_newer=False) is expected


def test_no_wish_overrules_a_state() -> None:
    for state in State:
        if not state.ready:
            assert verdict(state, PARKED, [], even_if_newer=True) is not Verdict.SEND


def test_newer_data_holds_back_unless_overruled() -> None:
    assert verdict(State.PARKED, PARKED, NEWER, even_if_newer=False) is Verdict.NEWER_DATA
    assert verdict(State.PARKED, PARKED, NEWER, even_if_newer=True) is Verdict.SEND


def test_a_letter_with_one_record_that_still_counts_is_sent() -> None:
    outcomes = [Outcome.SUPERSEDED, Outcome.WRITTEN]
    assert verdict(State.PARKED, PARKED, outcomes, even_if_newer=False) is Verdict.SEND


def test_records_that_all_have_an_outcome_need_no_sending() -> None:
    settled = [Record.WRITTEN, Record.SUPERSEDED]
    assert verdict(State.PARKED, settled, [], even_if_newer=True) is Verdict.ALREADY_SETTLED
    one_open = [Record.WRITTEN, Record.PARKED]
    assert verdict(State.PARKED, one_open, [], even_if_newer=False) is Verdict.SEND


def test_an_approved_correction_is_sent_though_its_original_was_replaced_before() -> None:
    assert verdict(State.APPROVED, [Record.REPLACED], [], even_if_newer=False) is Verdict.SEND
