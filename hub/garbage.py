"""Collecting garbage where the same work is done over and over."""

from __future__ import annotations

import gc

_YOUNG = 20_000
"""Objects made and not gone again before the youngest are looked through: about two batches."""


def collect_rarely() -> None:
    """Leave what a process was built of out of all collections from now on, and make those rarer.

    Python looks through everything whenever a quarter as much was added, which a batch of 250
    records does: through 200,000 objects of imported modules, none of which will ever go.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
