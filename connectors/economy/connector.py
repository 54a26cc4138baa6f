"""How the Ministry of Economy speaks: JSON and XML batch."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector
from connectors.economy.normalize import CONTENT_TYPES, normalize
from schemas.tax_registration import TaxRegistration

CONNECTOR = Connector(
    name="economy",
    title="Ministry of Economy",
    dialect="JSON and XML batch",
    content_types=CONTENT_TYPES,
    records=(TaxRegistration,),
    normalize=normalize,
    folder=Path(__file__).parent,
)
