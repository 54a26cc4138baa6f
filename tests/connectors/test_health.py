"""Health's habits: Baku's clock without an offset, sexes as digits, people by FİN only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors._kit.contract import Item, Limits, Rules
from connectors.health.normalize import normalize
from connectors.health.vital_events import NAMESPACE
from schemas.errors import Refused
from schemas.vital_event_notice import VitalEventNotice
from tests.connectors.messages import accepted, content, message, refusals

AT = "2026-03-02T08:00:00+04:00"


def notice(
    inner: str = '<Deceased fin="TST0003"/>',
    kind: str = "DEATH",
    at: str = AT,
    time: str = "02.03.2026 07:00",
) -> str:
    return (
        f'<Notice id="N-1" kind="{kind}" action="NEW" at="{at}">'
        f"<Facility>000101</Facility><EventTime>{time}</EventTime>{inner}</Notice>"
    )


def read(
    *notices: str, content_type: str = "application/xml", limits: Limits | None = None
) -> list[Item]:
    body = f'<VitalEvents xmlns="{NAMESPACE}">{"".join(notices)}</VitalEvents>'
    rules = Rules(limits=limits or Limits())
    return list(normalize(message("health", body, content_type), rules))


def test_an_event_is_dated_by_the_clock_of_baku() -> None:
    [item] = accepted(read(notice(time="02.03.2026 03:30")))
    assert isinstance(item.record, VitalEventNotice)
    assert item.record.event_time == datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def test_clocks_may_differ_by_the_tolerance_and_no_more() -> None:
    assert len(accepted(read(notice(time="02.03.2026 09:05")))) == 1
    late = refusals(read(notice(time="02.03.2026 09:06")))
    assert late == [(0, "date-future", "Notice[1]/EventTime")]


@pytest.mark.parametrize("inner", ["", "<Mother/>"])
def test_a_foundling_has_no_known_mother(inner: str) -> None:
    [item] = accepted(read(notice(inner, kind="BIRTH")))
    assert "mother" not in content(item)


def test_a_notice_harms_only_itself() -> None:
    items = read(notice(), notice('<Deceased fin="?"/>'), notice())
    assert refusals(items) == [(1, "fin-format", "Notice[2]/Deceased/@fin")]
    assert [item.ordinal for item in items] == [0, 1, 2]


def test_a_lower_case_fin_is_kept_as_received() -> None:
    [item] = accepted(read(notice('<Deceased fin=" tst0003 "/>')))
    assert content(item)["deceased"] == {
        "notation": "TST0003",
        "type": "urn:az:pid:fin",
        "received": "tst0003",
    }


def test_prefixes_mean_nothing() -> None:
    prefixed = notice().replace("</", "</h:").replace("<", "<h:").replace("<h:/h:", "</h:")
    body = f'<h:VitalEvents xmlns:h="{NAMESPACE}">{prefixed}</h:VitalEvents>'
    items = list(normalize(message("health", body, "text/xml"), Rules()))
    assert items == read(notice())


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (Limits(max_records=1), "too-many-records"),
        (Limits(max_bytes=300), "too-large"),
        (Limits(max_depth=2), "too-deep"),
    ],
)
def test_bounds_are_settings(limits: Limits, rule: str) -> None:
    assert len(read(notice(), notice())) == 2
    with pytest.raises(Refused) as refused:
        read(notice(), notice(), limits=limits)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("content_type", "rule"),
    [
        ("application/json", "content-type"),
        ("application/soap+xml", "content-type"),
        ("application/xml; charset=windows-1251", None),
        ("application/xml; charset=koi8-r", "encoding"),
    ],
)
def test_the_content_type_must_fit(content_type: str, rule: str | None) -> None:
    if rule is None:  # plain ASCII reads the same in both
        assert len(accepted(read(notice(), content_type=content_type))) == 1
        return
    with pytest.raises(Refused) as refused:
        read(notice(), content_type=content_type)
    assert refused.value.rule == rule
