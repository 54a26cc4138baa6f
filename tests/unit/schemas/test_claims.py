"""What records say about golden records: each claims what it proves, and nothing else."""

from __future__ import annotations

import pytest

from schemas.catalogue import records
from schemas.subject_link import SubjectLink
from tests.unit.schemas.samples import (
    ADDRESS,
    ALL,
    EXAMPLES,
    PERSON_URN,
    VOEN_URN,
    claims_of,
)


def test_a_person_claims_all_that_is_known_and_nothing_that_is_not() -> None:
    (claim,) = claims_of("person", citizenship=[], domicile=None, dateOfDeath=None)
    assert (claim.entity, claim.subject) == ("person", PERSON_URN)
    assert claim.fields == {
        "givenName": "Sınaq",
        "familyName": "Nümunəyev",
        "patronymicName": "Misal",
        "patronymicSuffix": "oğlu",
        "sex": "male",
        "dateOfBirth": "1980-05",
        "placeOfBirth": "Sınaq şəhəri",
    }
    (claim,) = claims_of("person")
    assert claim.fields["citizenship"] == ["AZE"]
    assert claim.fields["domicile"] == ADDRESS
    assert claim.fields["dateOfDeath"] == "2026-02-28"


def test_a_birth_claims_the_child_but_not_its_parents() -> None:
    (claim,) = claims_of("civil_status_act")
    assert claim.subject == "urn:az:pid:fin:TST0002"
    assert claim.fields == {
        "givenName": "Misal",
        "familyName": "Nümunəyeva",
        "patronymicName": "Sınaq",
        "patronymicSuffix": "qızı",
        "sex": "female",
        "dateOfBirth": "2026-02-01",
        "placeOfBirth": "Sınaq şəhəri",
    }


def test_a_childs_own_birth_date_counts_before_the_event_date() -> None:
    child = {**EXAMPLES["civil_status_act"]["participants"][0], "dateOfBirth": "2026-01-31"}
    (claim,) = claims_of("civil_status_act", participants=[child])
    assert claim.fields["dateOfBirth"] == "2026-01-31"


def test_a_death_claims_its_date_and_nothing_else() -> None:
    deceased = {**EXAMPLES["civil_status_act"]["participants"][1], "role": "deceased"}
    (claim,) = claims_of("civil_status_act", actType="death", participants=[deceased])
    assert (claim.subject, claim.fields) == (PERSON_URN, {"dateOfDeath": "2026-02-01"})
    assert (
        claims_of("civil_status_act", actType="death", participants=[deceased], eventDate=None)
        == ()
    )


def test_a_name_change_claims_the_new_name() -> None:
    applicant = {**EXAMPLES["civil_status_act"]["participants"][1], "role": "applicant"}
    (claim,) = claims_of(
        "civil_status_act",
        actType="name-change",
        participants=[applicant],
        newName={"givenName": "Yeni", "familyName": "Misalov"},
    )
    assert claim.subject == PERSON_URN
    assert claim.fields == {"givenName": "Yeni", "familyName": "Misalov"}


@pytest.mark.parametrize("act_type", ["marriage", "divorce", "adoption", "paternity"])
def test_other_acts_claim_nothing(act_type: str) -> None:
    assert claims_of("civil_status_act", actType=act_type) == ()


def test_a_participant_without_identifier_claims_nothing() -> None:
    child = {**EXAMPLES["civil_status_act"]["participants"][0]}
    del child["identifier"]
    assert claims_of("civil_status_act", participants=[child]) == ()


def test_a_tax_registration_claims_the_legal_entity() -> None:
    (claim,) = claims_of("tax_registration")
    assert (claim.entity, claim.subject) == ("legal_entity", VOEN_URN)
    assert claim.fields == {
        "legalName": "Sınaq MMC",
        "legalFormType": {"code": "110", "name": "Məhdud məsuliyyətli cəmiyyət"},
        "legalEntityStatus": "active",
        "registeredAddress": {**ADDRESS, "addressType": "legal"},
        "registrationDate": "2019-03-04",
        "taxpayerType": "legal-entity",
    }
    (bare,) = claims_of("tax_registration", legalForm=None, registeredAddress=None)
    assert "legalFormType" not in bare.fields
    assert "registeredAddress" not in bare.fields


@pytest.mark.parametrize(
    "record_type",
    [
        "identity_document",
        "employment_contract",
        "residence_permit",
        "subject_link",
        "vital_event_notice",
    ],
)
def test_other_records_claim_nothing(record_type: str) -> None:
    assert claims_of(record_type) == ()


def test_only_a_subject_link_links() -> None:
    pair = ("urn:az:pid:smx:00000001", PERSON_URN)
    assert SubjectLink.model_validate(EXAMPLES["subject_link"]).links() == (pair,)
    for record_type in set(ALL) - {"subject_link"}:
        assert records()[record_type].model_validate(EXAMPLES[record_type]).links() == ()
