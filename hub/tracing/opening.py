"""From the settings to tracing, or to None: then no part of OpenTelemetry is even imported."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from hub.telemetry import TracingSettings
from routing.observer import Observer
from schemas.errors import Stop

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing


def open_tracing(settings: TracingSettings, process: str, observer: Observer) -> Tracing | None:
    """Begin to trace a process; None without an endpoint. Raises ``Stop`` without the extra."""
    if settings.endpoint is None:
        return None
    try:
        from hub.tracing import exporting
    except ModuleNotFoundError:
        raise Stop("QOVSAQ_TRACING__ENDPOINT needs the extra: pip install 'qovsaq[otel]'") from None
    endpoint = settings.endpoint.get_secret_value()
    instance = f"{socket.gethostname()}:{os.getpid()}"
    return exporting.tracing(endpoint, settings, process, instance, observer)
