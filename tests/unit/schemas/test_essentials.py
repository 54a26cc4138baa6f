"""What a record is of no use without covers all that its subject and fact key are made of."""

from __future__ import annotations

import pytest

from schemas.catalogue import records
from schemas.essentials import essential_fields
from tests.unit.schemas.samples import EXAMPLES


@pytest.mark.parametrize("record_type", sorted(records()))
def test_subject_and_fact_key_say_nothing_that_the_essential_fields_do_not(
    record_type: str,
) -> None:
    known = records()[record_type]
    essential = essential_fields(known)
    assert essential
    record = known.model_validate(EXAMPLES[record_type])
    reduced = {
        name: getattr(record, name)
        for name, field in known.model_fields.items()
        if (field.alias or name) in essential
    }
    bare = known.model_construct(**reduced)
    assert (bare.subject, bare.fact_key) == (record.subject, record.fact_key)


def test_a_person_is_known_by_an_identifier_and_a_return_by_payer_and_period() -> None:
    assert essential_fields(records()["person"]) == {"identifier"}
    assert essential_fields(records()["payroll_report"]) == {"payer", "period"}
