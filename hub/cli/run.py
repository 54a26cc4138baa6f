"""``qovsaq run``: the long-running processes."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from functools import partial
from typing import Annotated

import structlog
import typer

from hub import bootstrap
from hub.bootstrap import Hub, Kind, required
from hub.cli.ready import process_settings
from hub.cli.signals import stop_on_signals
from hub.exposition import exposed
from hub.health import examine
from hub.memory import collect_rarely, share_arenas
from hub.metrics import Metrics
from hub.settings import Settings
from hub.supervisor import Patience, Supervisor
from hub.tracing.opening import open_tracing

_log = structlog.get_logger()
_SUPERVISED = "--supervised"
_IN_BATCHES = (Kind.INTAKE, Kind.REGISTRY, Kind.DELIVERY, Kind.DESK)


class What(StrEnum):
    """What can be run: one kind of worker, or one process of each."""

    ALL = "all"
    INTAKE = Kind.INTAKE
    REGISTRY = Kind.REGISTRY
    RELAY = Kind.RELAY
    POLL = Kind.POLL
    DESK = Kind.DESK
    HTTP = Kind.HTTP
    LOOKUP = Kind.LOOKUP
    AGENCY = Kind.AGENCY
    QUALITY = Kind.QUALITY
    DELIVERY = Kind.DELIVERY


def run(
    what: Annotated[What, typer.Argument(help="A kind of worker, or all of them.")],
    supervised: Annotated[
        bool, typer.Option(_SUPERVISED, hidden=True, help="Stop when standard input closes.")
    ] = False,
) -> None:
    """Run workers until SIGTERM or Ctrl-C, then stop cleanly within the grace period."""
    settings = process_settings()
    for url, name in (
        (settings.broker_url, "QOVSAQ_BROKER_URL"),
        (settings.database_url, "QOVSAQ_DATABASE_URL"),
    ):
        required(url, name)
    share_arenas()
    stop = threading.Event()
    stop_on_signals(stop, settings.grace_seconds)
    if supervised:
        threading.Thread(target=_stop_with_parent, args=[stop], daemon=True).start()
    if what is What.ALL:
        raise typer.Exit(_supervise(settings, stop))
    _work(settings, Kind(what), stop)


def _work(settings: Settings, kind: Kind, stop: threading.Event) -> None:
    metrics = Metrics()
    tracing = open_tracing(settings.tracing, kind, metrics)
    hub = bootstrap.build(settings, metrics=metrics, tracing=tracing)
    try:
        with _exposed(hub, kind) as port:
            worker = hub.worker(kind)
            collect_rarely(in_batches=kind in _IN_BATCHES)
            _log.info("running", kind=kind, metrics_port=port)
            worker.run(stop)
    finally:
        hub.bus.close()
        if tracing is not None:
            tracing.close()
        _log.info("stopped", kind=kind)


def _exposed(hub: Hub, kind: Kind) -> AbstractContextManager[int]:
    settings = hub.settings
    if not settings.metrics_port:
        return nullcontext(0)
    port = settings.metrics_port + list(Kind).index(kind)
    check = partial(examine, settings, hub.topology)
    return exposed(hub.metrics, check, settings.metrics_host, port, settings.metrics.files)


def _supervise(settings: Settings, stop: threading.Event) -> int:
    commands = {
        str(kind): [sys.executable, "-m", "hub.cli", "run", str(kind), _SUPERVISED]
        for kind in Kind
        if _needed(kind, settings)
    }
    # The children have the whole grace period; the supervisor waits a little longer for them.
    patience = Patience(grace=settings.grace_seconds + 2)
    return Supervisor(commands, patience).run(stop)


def _needed(kind: Kind, settings: Settings) -> bool:
    match kind:
        case Kind.POLL:
            return _asks(settings)
        case Kind.HTTP:
            return bool(settings.senders)
        case Kind.LOOKUP:
            return bool(settings.readers or settings.systems)
        case _:
            return True


def _asks(settings: Settings) -> bool:
    """Whether there is any service to ask for news, or for its contract."""
    return bool(settings.contracts) or any(service.url for service in settings.poll.values())


def _stop_with_parent(stop: threading.Event) -> None:
    """Wait for the supervisor to vanish: then its end of our standard input closes."""
    # Not through sys.stdin: its lock, held here, would be wanted when the interpreter ends.
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop.set()
