"""``qovsaq``, dying between an effect and its acknowledgement.

``python -m tests.reliability.mortal <n> <file> run <kind>``: at its ``n``-th acknowledgement the
process kills itself (SIGKILL) instead. For as long as ``file`` exists the registry parks what
``MINISTRY`` sends, as it would with a defect.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from hub.cli.main import main
from hub.registry.handler import RegistryHandler
from routing.message import Delivery
from routing.rabbit import RabbitSubscription
from schemas.envelope import Event
from schemas.errors import Parked

MINISTRY = "labour"
CAUSE = "two-fins"


def program(dies_at: int, unfit: Path) -> Sequence[str]:
    """What comes between the interpreter and ``run``."""
    return ("-m", "tests.reliability.mortal", str(dies_at), str(unfit))


def die_at(place: int) -> None:
    """Let the process die at its ``place``-th acknowledgement; 0: never."""
    acknowledge, places = RabbitSubscription.ack, count(1)

    def ack(subscription: RabbitSubscription, deliveries: Sequence[Delivery]) -> None:
        if next(places) == place:
            os.kill(os.getpid(), signal.SIGKILL)
        acknowledge(subscription, deliveries)

    RabbitSubscription.ack = ack  # type: ignore[assignment, method-assign]


def refuse_while(unfit: Path) -> None:
    """Let the registry park the records of ``MINISTRY`` while the file is there."""
    write = RegistryHandler._write

    def refusing(handler: RegistryHandler, events: Sequence[Event], now: datetime) -> None:
        if any(event.ministry == MINISTRY for event in events) and unfit.exists():
            raise Parked(CAUSE, "needs a decision")
        write(handler, events, now)

    RegistryHandler._write = refusing  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    die_at(int(sys.argv.pop(1)))
    refuse_while(Path(sys.argv.pop(1)))
    main()
