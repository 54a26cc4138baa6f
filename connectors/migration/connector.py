"""How the State Migration Service speaks: XML."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector, Cut, Splitting
from connectors.migration.normalize import CONTENT_TYPES, ENTRIES, NAME, NAMESPACE, normalize
from schemas.person import Person
from schemas.protection_status import ProtectionStatus
from schemas.residence_permit import ResidencePermit
from schemas.residence_registration import ResidenceRegistration
from schemas.subject_link import SubjectLink

CONNECTOR = Connector(
    name="migration",
    title="State Migration Service",
    dialect="XML",
    content_types=CONTENT_TYPES,
    records=(Person, ResidencePermit, ProtectionStatus, ResidenceRegistration, SubjectLink),
    normalize=normalize,
    folder=Path(__file__).parent,
    splitting=Splitting(xml=(Cut(NAMESPACE, NAME, ENTRIES),)),
)
