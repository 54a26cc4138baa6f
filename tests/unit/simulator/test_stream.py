from __future__ import annotations

import json
import re
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from xml.etree import ElementTree

import pytest

from hub.simulator.markup import cyrillic, upper
from hub.simulator.ministries import MINISTRIES
from hub.simulator.stream import Stream, messages, stream

START = datetime(2026, 3, 1, tzinfo=UTC)


def of(records: int, faults: float = 0, *ministries: str, seed: int = 1) -> Stream:
    return stream(records, seed, faults, ministries, START)


def test_the_same_arguments_give_the_same_messages() -> None:
    assert list(messages(300, 7, 0.5, (), START)) == list(messages(300, 7, 0.5, (), START))


def test_another_seed_gives_other_messages_and_other_ids() -> None:
    one, other = list(of(100)), list(of(100, seed=2))
    assert {s.message.message_id for s in one}.isdisjoint(s.message.message_id for s in other)
    assert {s.message.body for s in one}.isdisjoint(s.message.body for s in other)


def test_a_stream_has_as_many_messages_as_asked_for() -> None:
    assert len(list(messages(123, 1, 0.3, (), START))) == 123


def test_messages_are_made_in_any_order() -> None:
    ours = of(200, 0.5)
    assert [ours[index] for index in reversed(range(200))] == list(reversed(list(ours)))


def test_a_stream_takes_no_memory_as_it_goes_on() -> None:
    ours = iter(of(1_000_000, 0.02))
    list(islice(ours, 300))
    tracemalloc.start()
    for _ in islice(ours, 700):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1024 * 1024


def test_the_last_of_ten_million_messages_is_there_at_once() -> None:
    assert of(10_000_000, 0.02)[9_999_999].message.body


def test_nothing_told_is_later_than_the_start_however_long_the_stream() -> None:
    last = of(100_000_000, 0, "justice")[99_999_999]
    root = ElementTree.fromstring(last.message.body)
    assert datetime.fromisoformat(str(root.findtext(".//{*}EffectiveAt"))) < START
    assert len(str(root.findtext(".//{*}ActNumber"))) <= 8


def test_ordinary_message_ids_are_unique() -> None:
    ids = [sent.message.message_id for sent in of(1_000)]
    assert len(set(ids)) == 1_000


def test_ministries_are_mixed_by_their_shares() -> None:
    counts = Counter(sent.ministry for sent in of(3_000))
    whole = sum(ministry.share for ministry in MINISTRIES.values())
    for name, ministry in MINISTRIES.items():
        assert counts[name] / 3_000 == pytest.approx(ministry.share / whole, abs=0.04)
        assert counts[name]


def test_only_the_ministries_asked_for_speak() -> None:
    assert {sent.ministry for sent in of(200, 0.5, "health", "justice")} == {"health", "justice"}


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
def test_the_share_of_faults_is_as_stated(share: float) -> None:
    irregular = sum(sent.fault is not None for sent in of(2_000, share))
    assert irregular / 2_000 == pytest.approx(share, abs=0.03)
    assert share or not irregular


def test_messages_go_to_their_ministrys_exchange_on_both_lanes() -> None:
    sent = list(of(500))
    assert all(item.message.exchange == f"intake.{item.ministry}" for item in sent)
    assert {item.message.routing_key for item in sent} == {"live", "bulk"}


def test_ordinary_documents_are_well_formed() -> None:
    for sent in of(500):
        if sent.message.content_type == "application/json":
            assert isinstance(json.loads(sent.message.body), dict)
        else:
            assert ElementTree.fromstring(sent.message.body).tag


def test_ordinary_messages_expect_every_record_to_be_accepted() -> None:
    for sent in of(500):
        assert [item.ordinal for item in sent.expected] == list(range(len(sent.expected)))
        assert all(item.rule is None and item.record_type for item in sent.expected)


@pytest.mark.parametrize(
    "quirk", ["Qadın", "<pr:Gender>F", "<Sex>1<", "OĞLU", "MYİ", "[А-Я][а-я]", 'pin="tst', "UTF-16"]
)
def test_a_dialects_quirk_is_there(quirk: str) -> None:
    texts = [sent.message.body.replace(b"\0", b"").decode(errors="ignore") for sent in of(1_500)]
    assert any(re.search(quirk, text) for text in texts)


def test_names_become_cyrillic_letter_by_letter_and_upper_case_the_azerbaijani_way() -> None:
    assert cyrillic("Nümunəyev Çiçək") == "Нүмунәјев Чичәк"
    assert upper("İsmayıl Əli qızı") == "İSMAYIL ƏLİ QIZI"


@pytest.mark.parametrize(
    ("faults", "ministries", "start"),
    [
        (1.5, (), START),
        (0.1, ("defence",), START),
        (0.1, (), datetime(2026, 1, 1)),  # noqa: DTZ001
        (0.1, (), datetime(2019, 1, 1, tzinfo=UTC)),
    ],
)
def test_impossible_streams_are_refused_at_once(
    faults: float, ministries: tuple[str, ...], start: datetime
) -> None:
    with pytest.raises(ValueError, match=r"faults|ministries|start"):
        messages(10, 1, faults, ministries, start)
