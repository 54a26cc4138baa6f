"""SIGTERM and Ctrl-C become a wish to stop, which workers and loops look at."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from hub.cli.ending import Exit


def stop_on_signals(stop: threading.Event, grace_seconds: int | None = None) -> None:
    """Set ``stop`` on the first signal; with a grace period, end regardless once it is over.

    What was not acknowledged by then is delivered again: nothing is lost by the hard end.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set() and grace_seconds is not None:
            deadline = threading.Timer(grace_seconds, os._exit, [Exit.NO])
            deadline.daemon = True
            deadline.start()
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
