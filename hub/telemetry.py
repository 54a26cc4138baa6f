"""Parts of the settings: where measurements of the hub are sent, beyond what it serves itself."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from hub.sections import Section, ServiceUrl


class TracingSettings(Section):
    """Where traces of messages go, and how many of them."""

    endpoint: ServiceUrl | None = Field(
        None, description="OTLP over HTTP, `https://host:4318/v1/traces`; unset: nothing is traced"
    )
    ratio: float = Field(
        0.1, ge=0, le=1, description="share of messages traced; the same for all processes"
    )
    authorities: Path | None = Field(
        None, description="PEM file of authorities its certificate may be of; unset: the system's"
    )
