from __future__ import annotations

import pytest

from schemas.errors import HubError, Parked, Refused, RetryLater, Stop, Unavailable


@pytest.mark.parametrize("kind", [Refused, RetryLater, Unavailable, Parked, Stop])
def test_every_foreseen_failure_is_one_of_five_kinds(kind: type[Exception]) -> None:
    assert kind.__bases__ == (HubError,)


def test_a_refusal_names_rule_field_and_reason() -> None:
    error = Refused("fin-format", "Person/@pin", "must be seven letters")
    assert (error.rule, error.field) == ("fin-format", "Person/@pin")
    assert str(error) == "fin-format at Person/@pin: must be seven letters"
    assert str(Refused("too-large", "", "over 8 MiB")) == "too-large at message: over 8 MiB"


def test_a_parked_record_names_its_cause() -> None:
    error = Parked("poison", "killed its worker twice")
    assert error.cause == "poison"
    assert str(error) == "poison: killed its worker twice"
