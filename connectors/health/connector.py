"""How the Ministry of Health speaks: XML batch."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector, Cut, Splitting
from connectors.health import statistics, vital_events
from connectors.health.normalize import CONTENT_TYPES, normalize
from schemas.statistical_report import StatisticalReport
from schemas.vital_event_notice import VitalEventNotice

CONNECTOR = Connector(
    name="health",
    title="Ministry of Health",
    dialect="XML batch",
    content_types=CONTENT_TYPES,
    records=(VitalEventNotice, StatisticalReport),
    normalize=normalize,
    folder=Path(__file__).parent,
    splitting=Splitting(
        xml=(
            Cut(vital_events.NAMESPACE, vital_events.NAME, ("Notice",)),
            Cut(statistics.NAMESPACE, statistics.NAME, ("Report",)),
        )
    ),
)
