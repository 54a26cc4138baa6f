"""When an open record can have no holder any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.evidence.holders import Situation, queues_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=60)
WRITER = "registry.writer.live"
QUIET = Situation(
    now=NOW, settle=SETTLE, depths={}, watermarks={}, alive=frozenset({"intake", "relay"})
)


def test_with_empty_queues_only_the_settle_time_protects_a_record() -> None:
    assert QUIET.horizon("justice", "live") == NOW - SETTLE


def test_a_queue_nobody_consumes_holds_whatever_was_handed_to_it() -> None:
    waiting = replace(QUIET, depths={WRITER: 5})
    assert waiting.horizon("justice", "live") < NOW - timedelta(days=10_000)


def test_a_queue_whose_consumer_is_past_a_record_does_not_hold_it() -> None:
    past = NOW - timedelta(minutes=10)
    busy = replace(QUIET, depths={WRITER: 5}, watermarks={WRITER: past})
    assert busy.horizon("justice", "live") == past - SETTLE


def test_a_watermark_of_this_moment_still_leaves_the_settle_time() -> None:
    busy = replace(QUIET, depths={WRITER: 5}, watermarks={WRITER: NOW})
    assert busy.horizon("justice", "live") == NOW - SETTLE


def test_an_intake_queue_without_intake_holds_what_was_given_back_to_it() -> None:
    stopped = replace(QUIET, depths={"intake.justice.live": 1}, alive=frozenset())
    assert stopped.horizon("justice", "live") < NOW - timedelta(days=10_000)
    assert stopped.horizon("justice", "bulk") == NOW - SETTLE
    assert stopped.horizon("health", "live") == NOW - SETTLE


def test_a_full_intake_queue_with_intake_alive_proves_nothing_about_older_records() -> None:
    assert replace(QUIET, depths={"intake.justice.live": 9}).horizon("justice", "live") == (
        NOW - SETTLE
    )


def test_horizons_cover_every_ministry_and_lane() -> None:
    rows = QUIET.horizons(["justice", "health"], ["live", "bulk"])
    assert {(row["ministry"], row["lane"]) for row in rows} == {
        ("justice", "live"), ("justice", "bulk"), ("health", "live"), ("health", "bulk"),
    }  # fmt: skip


def test_the_queues_whose_depth_is_needed_are_named() -> None:
    assert queues_of(["justice"], ["live", "bulk"]) == [
        "intake.justice.live",
        "intake.justice.bulk",
        "registry.writer.live",
        "registry.writer.bulk",
    ]


def test_the_queue_of_a_paused_ministry_holds_what_was_given_back_to_it() -> None:
    depths = {"intake.justice.live": 1, "intake.labour.live": 1}
    paused = replace(QUIET, depths=depths, paused=frozenset({"justice"}))
    assert paused.horizon("justice", "live") < NOW - timedelta(days=10_000)
    assert paused.horizon("labour", "live") == NOW - SETTLE
