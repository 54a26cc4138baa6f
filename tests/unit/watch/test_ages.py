"""How old the oldest message of a queue can be at most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.watch.queues import Ages

START = datetime(2026, 3, 2, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_an_empty_queue_has_no_age() -> None:
    assert Ages().at({"q": 0}, {"q": after(-999)}, START) == {"q": 0.0}


def test_nothing_is_older_than_the_moment_the_queue_was_seen_empty() -> None:
    ages = Ages()
    ages.at({"q": 0}, {}, START)
    assert ages.at({"q": 5}, {"q": after(-999)}, after(15)) == {"q": 15.0}
    assert ages.at({"q": 5}, {"q": after(-999)}, after(30)) == {"q": 30.0}
    assert ages.at({"q": 0}, {}, after(45)) == {"q": 0.0}
    assert ages.at({"q": 1}, {}, after(50)) == {"q": 5.0}


def test_nothing_is_older_than_what_the_consumers_took_last() -> None:
    ages = Ages()
    ages.at({"q": 9}, {}, START)
    assert ages.at({"q": 9}, {"q": after(595)}, after(600)) == {"q": 5.0}


def test_of_a_queue_that_was_never_seen_empty_nothing_is_known() -> None:
    ages = Ages()
    ages.at({"q": 9, "r": 0}, {}, START)
    assert (ages.bounded("q"), ages.bounded("r")) == (False, True)
    ages.at({"q": 0, "r": 3}, {}, after(1))
    assert (ages.bounded("q"), ages.bounded("r")) == (True, True)


def test_the_clock_of_a_sender_that_is_ahead_makes_no_negative_age() -> None:
    assert Ages().at({"q": 1}, {"q": after(60)}, START) == {"q": 0.0}
