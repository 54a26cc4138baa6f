"""How the Ministry of Health speaks: XML batch."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector
from connectors.health.normalize import CONTENT_TYPES, normalize
from schemas.vital_event_notice import VitalEventNotice

CONNECTOR = Connector(
    name="health",
    title="Ministry of Health",
    dialect="XML batch",
    content_types=CONTENT_TYPES,
    records=(VitalEventNotice,),
    normalize=normalize,
    folder=Path(__file__).parent,
)
