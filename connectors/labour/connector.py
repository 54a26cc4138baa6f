"""How the Ministry of Labour and Social Protection of Population speaks: JSON."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector, Splitting
from connectors.labour.normalize import CONTENT_TYPES, normalize
from schemas.employment_contract import EmploymentContract
from schemas.social_status import SocialStatus

CONNECTOR = Connector(
    name="labour",
    title="Ministry of Labour and Social Protection of Population",
    dialect="JSON",
    content_types=CONTENT_TYPES,
    records=(EmploymentContract, SocialStatus),
    normalize=normalize,
    folder=Path(__file__).parent,
    splitting=Splitting(ndjson="notices"),
)
