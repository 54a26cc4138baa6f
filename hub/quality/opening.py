"""The look at data quality, put together from the settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hub.quality.rounds import QualityRound
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Observer
from schemas.catalogue import records
from schemas.errors import Stop


def quality_round(
    settings: Settings, ministries: Iterable[str], database: Database, observer: Observer
) -> QualityRound:
    """Put the look together; raise ``Stop`` where a setting names a ministry or record in vain."""
    ministries, known = tuple(ministries), records()
    for ministry, told in settings.quality.items():
        name = f"QOVSAQ_QUALITY__{ministry.upper()}__NUMBERED"
        if ministry not in ministries:
            raise Stop(f"{name}: there is no connector of that name")
        if unknown := sorted(set(told.numbered) - known.keys()):
            raise Stop(f"{name}: there is no record {', '.join(unknown)}")
    return QualityRound(
        database=database,
        ministries=ministries,
        record_types=tuple(known),
        observer=observer,
        numbered={name: told.numbered for name, told in settings.quality.items()},
        settle=timedelta(seconds=settings.settle_seconds),
    )
