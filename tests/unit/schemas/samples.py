"""One full example of every record, as the JSON of its event; persons and numbers are invented."""

from __future__ import annotations

from typing import Any

from schemas.catalogue import records
from schemas.record import Claim

PERSON_URN = "urn:az:pid:fin:TST0001"
VOEN_URN = "urn:az:org:voen:0000010481"


def fin(notation: str) -> dict[str, Any]:
    return {"notation": notation, "type": "urn:az:pid:fin"}


ADDRESS: dict[str, Any] = {
    "fullAddress": "Sınaq şəhəri, Nümunə küçəsi, ev 1",
    "adminUnitL1": "AZ",
    "postCode": "AZ0000",
    "addressType": "registered",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "person": {
        "identifier": {**fin("TST0001"), "received": "tst0001"},
        "givenName": "Sınaq",
        "familyName": "Nümunəyev",
        "patronymicName": "Misal",
        "patronymicSuffix": "oğlu",
        "namesAsReceived": {"givenName": "SINAQ", "familyName": "NÜMUNƏYEV"},
        "sex": "male",
        "dateOfBirth": "1980-05",
        "dateOfDeath": "2026-02-28",
        "placeOfBirth": "Sınaq şəhəri",
        "citizenship": ["AZE"],
        "domicile": ADDRESS,
    },
    "identity_document": {
        "document": {"notation": "AA0000001", "type": "urn:az:pid:doc"},
        "holder": fin("TST0001"),
        "documentType": "citizen-card",
        "series": "AA",
        "number": "0000001",
        "issuedBy": "ASAN 0",
        "dateIssued": "2020-01-02",
        "validUntil": "2030-01-02",
        "status": "valid",
    },
    "civil_status_act": {
        "act": {"notation": "000-17", "type": "urn:az:act"},
        "actType": "birth",
        "actDate": "2026-02-10",
        "eventDate": "2026-02-01",
        "eventPlace": "Sınaq şəhəri",
        "certificate": {"series": "SN", "number": "1", "dateIssued": "2026-02-10"},
        "participants": [
            {
                "role": "child",
                "identifier": fin("TST0002"),
                "givenName": "Misal",
                "familyName": "Nümunəyeva",
                "patronymicName": "Sınaq",
                "patronymicSuffix": "qızı",
                "sex": "female",
            },
            {
                "role": "father",
                "identifier": fin("TST0001"),
                "givenName": "Sınaq",
                "familyName": "Nümunəyev",
                "sex": "male",
                "dateOfBirth": "1980",
            },
        ],
        "legalGround": "ərizə",
    },
    "staff_fact": {
        "identifier": fin("TST0001"),
        "fact": "1",
        "person": {"placeOfBirth": "Sınaq şəhəri", "citizenship": ["AZE"], "domicile": ADDRESS},
        "authority": "Sınaq qərarı 1",
        "purpose": "xidmətin göstərilməsi",
        "evidence": "ərizə 1",
        "enteredBy": "Sınaq Operator",
        "approvedBy": "Başqa Operator",
        "expiresAt": "2026-06-01T00:00:00Z",
        "endedAt": "2026-06-01T00:00:00Z",
    },
    "employment_contract": {
        "contract": {"notation": "EM-1", "type": "urn:az:contract"},
        "employer": {
            "identifier": {"notation": "0000010481", "type": "urn:az:org:voen"},
            "sun": "SUN-0",
            "legalName": "Sınaq MMC",
        },
        "worker": fin("TST0001"),
        "ssn": "SSN-0",
        "position": "mühəndis",
        "mainJob": True,
        "dateConcluded": "2026-01-05",
        "startDate": "2026-01-06",
        "endDate": "2026-12-31",
        "workingTime": "full",
        "wage": {"amount": "1250.50", "currency": "AZN"},
        "status": "concluded",
    },
    "tax_registration": {
        "identifier": {"notation": "0000010481", "type": "urn:az:org:voen"},
        "taxpayerType": "legal-entity",
        "legalName": "Sınaq MMC",
        "legalForm": {"code": "110", "name": "Məhdud məsuliyyətli cəmiyyət"},
        "legalEntityStatus": "active",
        "statusCode": "A",
        "registeredAddress": {**ADDRESS, "addressType": "legal"},
        "registrationDate": "2019-03-04",
        "taxAuthority": {"code": "00", "name": "Sınaq idarəsi"},
        "vatPayer": False,
    },
    "residence_permit": {
        "document": {"notation": "MYI00001", "type": "urn:az:pid:doc"},
        "holder": {"notation": "00000001", "type": "urn:az:pid:smx"},
        "permitType": "temporary",
        "dateIssued": "2026-01-05",
        "validUntil": "2027-01-05",
        "purpose": "təhsil",
        "citizenship": "TUR",
        "address": {**ADDRESS, "addressType": "stay"},
        "status": "valid",
    },
    "subject_link": {
        "alias": {"notation": "00000001", "type": "urn:az:pid:smx"},
        "identifier": fin("TST0001"),
    },
    "vital_event_notice": {
        "notice": {"notation": "N-1", "type": "urn:az:notice"},
        "event": "birth",
        "eventTime": "2026-03-01T23:30:00+04:00",
        "facilityCode": "000001",
        "mother": fin("TST0003"),
        "deceased": fin("TST0004"),
        "sex": "female",
    },
    "citizenship": {
        "holder": fin("TST0001"),
        "country": "AZE",
        "status": "lost",
        "dateAcquired": "1980-05-01",
        "dateLost": "2026-01-31",
        "ground": "ərizə",
    },
    "residence_registration": {
        "holder": fin("TST0001"),
        "registrationType": "residence",
        "address": ADDRESS,
        "dateRegistered": "2020-01-02",
        "validUntil": "2030-01-02",
        "dateEnded": "2026-02-01",
        "registeredBy": "Sınaq idarəsi",
    },
    "protection_status": {
        "holder": {"notation": "00000001", "type": "urn:az:pid:smx"},
        "protectionType": "refugee-card",
        "documentNumber": "SINAQ 1",
        "dateIssued": "2026-01-05",
        "validUntil": "2027-01-05",
        "citizenship": "XXB",
        "address": {**ADDRESS, "addressType": "stay"},
    },
    "social_status": {
        "status": {"notation": "SS-1", "type": "urn:az:social"},
        "person": fin("TST0001"),
        "statusType": "pension",
        "kind": "old-age",
        "basis": "qərar",
        "startDate": "2026-01-01",
        "endDate": "2026-12-31",
    },
    "statistical_report": {
        "place": {"notation": "000001", "type": "urn:az:org:facility"},
        "placeType": "facility",
        "period": "2026-01",
        "indicator": "BEDS",
        "unit": "bed",
        "suppressed": False,
        "value": "12.5",
    },
    "activity_classification": {
        "taxpayer": {"notation": "0000010481", "type": "urn:az:org:voen"},
        "code": "6201",
        "codeSystem": "NACE",
        "codeVersion": "2",
    },
    "payroll_report": {
        "payer": {"notation": "0000010481", "type": "urn:az:org:voen"},
        "period": "2026-Q1",
        "employees": 1,
        "wageFund": "2400.00",
        "employeePremium": "48.00",
        "employerPremium": "48.00",
        "lines": [
            {
                "worker": fin("TST0001"),
                "months": 3,
                "wage": "2400.00",
                "employeePremium": "48.00",
                "employerPremium": "48.00",
            }
        ],
    },
    "excise_contribution": {
        "payer": {"notation": "0000010481", "type": "urn:az:org:voen"},
        "period": "2026-01",
        "goods": "beer",
        "origin": "produced",
        "stage": "calculated",
        "quantity": "5000.5",
        "unit": "litre",
        "amount": "250.03",
        "customsCode": "2203000100",
        "rateVersion": "2020",
    },
}

SUBJECTS = {
    "citizenship": PERSON_URN,
    "residence_registration": PERSON_URN,
    "protection_status": "urn:az:pid:smx:00000001",
    "social_status": "urn:az:social:SS-1",
    "statistical_report": "urn:az:org:facility:000001",
    "activity_classification": VOEN_URN,
    "payroll_report": VOEN_URN,
    "excise_contribution": VOEN_URN,
    "person": PERSON_URN,
    "identity_document": "urn:az:pid:doc:AA0000001",
    "civil_status_act": "urn:az:act:000-17",
    "staff_fact": PERSON_URN,
    "employment_contract": "urn:az:contract:EM-1",
    "tax_registration": VOEN_URN,
    "residence_permit": "urn:az:pid:doc:MYI00001",
    "subject_link": "urn:az:pid:smx:00000001",
    "vital_event_notice": "urn:az:notice:N-1",
}

FACT_KEYS = {
    "staff_fact": "1",
    "citizenship": "AZE",
    "residence_registration": "residence",
    "protection_status": "refugee-card",
    "statistical_report": "BEDS:2026-01",
    "activity_classification": "NACE",
    "payroll_report": "2026-Q1",
    "excise_contribution": "2026-01:beer:produced:calculated",
}

ALL = sorted(EXAMPLES)


def changed(record_type: str, **values: Any) -> dict[str, Any]:
    """The example of a record type with other values."""
    return {**EXAMPLES[record_type], **values}


def claims_of(record_type: str, **values: Any) -> tuple[Claim, ...]:
    """What the example claims with other values."""
    return records()[record_type].model_validate(changed(record_type, **values)).claims()
