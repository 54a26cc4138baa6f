"""Identifiers: their namespaces, and the three levels reject / warn / accept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Namespaces:
    """URN prefixes of identifier schemes: project-local, hence a setting."""

    fin: str = "urn:az:pid:fin"
    voen: str = "urn:az:org:voen"
    document: str = "urn:az:pid:doc"
    migration_person: str = "urn:az:pid:smx"
    social_insurance: str = "urn:az:pid:ssn"
    employer_insurance: str = "urn:az:org:sun"
    civil_status_act: str = "urn:az:act"
    employment_contract: str = "urn:az:contract"
    vital_event_notice: str = "urn:az:notice"
