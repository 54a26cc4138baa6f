"""The gate decides by values alone; without a basis the answer is no."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.delivery.gate import (
    Allow,
    Candidate,
    Hold,
    Reason,
    Withhold,
    decide,
    next_day,
)
from hub.delivery.grant import Grant, Standing
from hub.delivery.subscriber import Channel, Subscriber
from schemas.grant_document import GrantDocument

NOON = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday, noon in Baku
BODY = Subscriber("pension-fund", "A pension fund", Channel.AMQP, records=("person",))
PERSON = Candidate(
    record_type="person",
    clause="4.1.2",
    version=(5, 0, "a" * 32),
    present=frozenset({"identifier", "givenName", "familyName", "sex", "dateOfBirth"}),
    essential=frozenset({"identifier"}),
)


def document(**changes: Any) -> dict[str, Any]:
    return {
        "grant": "pensions-persons",
        "subscriber": "pension-fund",
        "category": "4.1.2",
        "level": "fields",
        "records": ["person"],
        "fields": {"person": ["identifier", "givenName", "familyName"]},
        "purpose": "to pay pensions",
        "legalBasis": {"act": "Law on Pensions", "article": "7"},
        "decision": {
            "authority": "ASAN",
            "checker": "Checker 1",
            "number": "17",
            "date": "2026-01-10",
            "documentSha256": "0" * 64,
        },
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
    } | changes


def grant(standing: Standing = Standing.IN_FORCE, version: int = 1, **changes: Any) -> Grant:
    made = GrantDocument.model_validate(document(**changes))
    return Grant(made.grant, version, standing, made)


def reason(decision: object) -> Reason:
    assert isinstance(decision, Withhold | Hold)
    return decision.reason


def test_without_a_grant_nothing_leaves_and_the_missing_basis_is_named() -> None:
    decision = decide(PERSON, BODY, [], now=NOON)
    assert decision == Withhold(Reason.NO_GRANT, "a grant for person under 4.1.2")


def test_a_grant_in_force_allows_its_fields_and_no_others() -> None:
    decision = decide(PERSON, BODY, [grant()], now=NOON)
    allowed = frozenset({"identifier", "givenName", "familyName"})
    assert decision == Allow(allowed, "pensions-persons", 1)


def test_a_grant_of_whole_records_allows_what_the_record_carries() -> None:
    decision = decide(PERSON, BODY, [grant(level="records", fields={})], now=NOON)
    assert isinstance(decision, Allow)
    assert decision.fields == PERSON.present


def test_a_grant_of_another_body_is_no_basis() -> None:
    other = grant(subscriber="customs")
    assert reason(decide(PERSON, BODY, [other], now=NOON)) is Reason.NO_GRANT


def test_a_grant_for_another_record_is_no_basis() -> None:
    other = grant(records=["identity_document"], level="records", fields={})
    assert reason(decide(PERSON, BODY, [other], now=NOON)) is Reason.NO_GRANT


@pytest.mark.parametrize(
    ("standing", "at", "expected"),
    [
        (Standing.REVOKED, NOON, Reason.REVOKED),
        (Standing.SUSPENDED, NOON, Reason.SUSPENDED),
        (Standing.IN_FORCE, datetime(2025, 12, 31, tzinfo=UTC), Reason.NOT_YET_VALID),
        (Standing.IN_FORCE, datetime(2027, 1, 1, tzinfo=UTC), Reason.EXPIRED),
    ],
)
def test_a_grant_that_is_not_in_force_is_no_basis(
    standing: Standing, at: datetime, expected: Reason
) -> None:
    decision = decide(PERSON, BODY, [grant(standing)], now=at)
    assert reason(decision) is expected
    assert isinstance(decision, Withhold)
    assert decision.missing == "a grant in force for person"


def test_the_last_moment_of_a_grant_still_counts() -> None:
    last = datetime(2027, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)
    assert isinstance(decide(PERSON, BODY, [grant()], now=last), Allow)


def test_a_record_reduced_below_usefulness_is_withheld_not_sent_half() -> None:
    decision = decide(PERSON, BODY, [grant(fields={"person": ["givenName"]})], now=NOON)
    assert reason(decision) is Reason.BELOW_USEFULNESS
    assert isinstance(decision, Withhold)
    assert "identifier" in decision.missing


def test_what_section_4_does_not_exchange_needs_a_grant_that_names_its_own_act() -> None:
    act = replace(
        PERSON, record_type="civil_status_act", clause="outside-4", essential=frozenset({"act"})
    )
    assert reason(decide(act, BODY, [], now=NOON)) is Reason.OUTSIDE_SECTION_4
    named = grant(
        category="outside-4",
        records=["civil_status_act"],
        level="records",
        fields={},
        outsideAct={"act": "Family Code", "article": "195"},
    )
    assert isinstance(decide(act, BODY, [named], now=NOON), Allow)


def test_a_test_record_never_reaches_a_live_subscriber_nor_a_live_record_a_test_one() -> None:
    test_record = replace(PERSON, test_mode=True)
    test_body = replace(BODY, test_mode=True)
    assert reason(decide(test_record, BODY, [grant()], now=NOON)) is Reason.TEST_MODE
    assert reason(decide(PERSON, test_body, [grant()], now=NOON)) is Reason.TEST_MODE
    assert isinstance(decide(test_record, test_body, [grant()], now=NOON), Allow)


def test_an_older_version_is_never_handed_out_after_a_newer_one() -> None:
    newer, same = (6, 0, "0" * 32), PERSON.version
    held_back = decide(PERSON, BODY, [grant()], now=NOON, newest_sent=newer)
    assert reason(held_back) is Reason.NEWER_SENT
    assert isinstance(decide(PERSON, BODY, [grant()], now=NOON, newest_sent=same), Allow)


def test_a_full_day_holds_records_until_the_next_day_in_baku() -> None:
    limited = grant(recordsPerDay=2)
    assert isinstance(decide(PERSON, BODY, [limited], now=NOON, used={limited.grant_id: 1}), Allow)
    decision = decide(PERSON, BODY, [limited], now=NOON, used={limited.grant_id: 2})
    midnight = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    assert decision == Hold(Reason.VOLUME, midnight, limited.grant_id, 1)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 3, 2, 2, 0, tzinfo=UTC), datetime(2026, 3, 2, 5, 0, tzinfo=UTC)),
        (datetime(2026, 3, 2, 14, 0, tzinfo=UTC), datetime(2026, 3, 3, 5, 0, tzinfo=UTC)),
        (datetime(2026, 3, 6, 14, 0, tzinfo=UTC), datetime(2026, 3, 9, 5, 0, tzinfo=UTC)),
    ],
)
def test_outside_its_hours_a_grant_holds_until_it_opens(now: datetime, until: datetime) -> None:
    hours = {"opens": "09:00", "closes": "18:00", "days": [1, 2, 3, 4, 5]}
    decision = decide(PERSON, BODY, [grant(hours=hours)], now=now)
    assert decision == Hold(Reason.OUTSIDE_HOURS, until, "pensions-persons", 1)


def test_grants_are_alternatives_and_are_never_added_up() -> None:
    narrow = grant(grant="narrow", fields={"person": ["identifier", "sex"]})
    wide = grant(grant="wide")
    decision = decide(PERSON, BODY, [narrow, wide], now=NOON)
    assert decision == Allow(frozenset({"identifier", "givenName", "familyName"}), "wide", 1)


def test_a_grant_that_allows_counts_before_one_that_holds_or_withholds() -> None:
    revoked = grant(Standing.REVOKED, grant="gone")
    full = grant(grant="full", recordsPerDay=1)
    decision = decide(PERSON, BODY, [revoked, full], now=NOON, used={"full": 1})
    assert isinstance(decision, Hold)
    decision = decide(PERSON, BODY, [revoked, full, grant()], now=NOON, used={"full": 1})
    assert isinstance(decision, Allow)


def test_an_operation_without_content_needs_the_same_basis() -> None:
    annulled = replace(PERSON, present=frozenset())
    assert reason(decide(annulled, BODY, [], now=NOON)) is Reason.NO_GRANT
    nameless = grant(fields={"person": ["givenName"]})
    assert reason(decide(annulled, BODY, [nameless], now=NOON)) is Reason.BELOW_USEFULNESS
    assert decide(annulled, BODY, [grant()], now=NOON) == Allow(frozenset(), "pensions-persons", 1)


standings = st.sampled_from(list(Standing))
moments = st.integers(-200, 500).map(lambda days: NOON + timedelta(days=days, hours=days % 24))
field_lists = st.lists(st.sampled_from(sorted(PERSON.present)), unique=True)


@given(
    st.lists(st.tuples(standings, field_lists, st.none() | st.integers(1, 3)), max_size=4),
    moments,
    st.dictionaries(st.sampled_from(["grant-0", "grant-1", "grant-2"]), st.integers(0, 4)),
)
def test_whatever_the_grants_what_leaves_has_one_in_force_that_names_every_field(
    given_grants: list[tuple[Standing, list[str], int | None]],
    now: datetime,
    used: dict[str, int],
) -> None:
    grants = [
        grant(
            standing,
            grant=f"grant-{number}",
            fields={"person": fields},
            **({} if most is None else {"recordsPerDay": most}),
        )
        for number, (standing, fields, most) in enumerate(given_grants)
    ]
    decision = decide(PERSON, BODY, grants, now=now, used=used)
    lawful = [
        each
        for each in grants
        if each.standing is Standing.IN_FORCE
        and each.document.valid_from <= now < each.document.valid_until
        and PERSON.essential <= each.document.allowed("person")
    ]
    if isinstance(decision, Allow):
        (basis,) = [each for each in lawful if each.grant_id == decision.grant_id]
        assert decision.fields <= basis.document.allowed("person")
        most = basis.document.records_per_day
        assert most is None or used.get(basis.grant_id, 0) < most
    elif isinstance(decision, Hold):
        assert lawful
        assert decision.until > now
    else:
        assert not lawful


@given(moments)
def test_the_next_day_begins_within_24_hours_at_midnight_in_baku(now: datetime) -> None:
    assert now < next_day(now) <= now + timedelta(days=1)
    assert next_day(now).hour == 20


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"validUntil": "2025-01-01T00:00:00Z"}, "validFrom must be before validUntil"),
        ({"category": "outside-4"}, "outsideAct"),
        ({"outsideAct": {"act": "x", "article": "1"}}, "outsideAct belongs to outside-4 only"),
        ({"fields": {}}, "fields must name every record"),
        ({"level": "records"}, "fields must name every record"),
        ({"records": ["nothing"], "fields": {"nothing": []}}, "there is no record nothing"),
        ({"category": "4.1.6"}, "person is exchanged under 4.1.2"),
        ({"fields": {"person": ["salary"]}}, "there is no field salary"),
        ({"hours": {"opens": "18:00", "closes": "09:00", "days": [1]}}, "opens must be before"),
        ({"hours": {"opens": "9", "closes": "18:00", "days": [1]}}, "must be a time of day"),
        ({"validFrom": "2026-01-01T00:00:00"}, "ISO 8601 with its offset"),
        ({"invented": 1}, "Extra inputs"),
    ],
)
def test_a_grant_that_contradicts_itself_is_refused(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        GrantDocument.model_validate(document(**changes))


def test_a_grant_reads_back_from_its_own_json() -> None:
    hours = {"opens": "09:00", "closes": "18:00", "days": [1, 2]}
    made = GrantDocument.model_validate(document(hours=hours, recordsPerDay=10))
    assert GrantDocument.model_validate(made.model_dump(mode="json", exclude_none=True)) == made
