"""Memory where the same work is done over and over: what is collected, and what is kept."""

from __future__ import annotations

import ctypes
import gc

_LEFT = 20_000
"""Objects made and not gone again before they are looked through."""

_IN_THE_MIDST = 500_000
"""The same in the midst of a batch, which otherwise lets that wait for its end."""

_M_ARENA_MAX = -8
"""As glibc's ``malloc.h`` has it."""

_ARENAS = 2


def share_arenas() -> bool:
    """Have the threads of this process share two heaps, before there are any; tell whether they do.

    glibc gives each of them one of its own, up to eight for each core, and what a batch needed
    stays with each. Where there is another C library nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_ARENA_MAX, _ARENAS) == 1


def collect_rarely(*, in_batches: bool) -> None:
    """Leave what a process was built of out of all collections from now on, and make those rarer.

    Whoever works ``in_batches`` calls ``collect_what_is_left`` after each.

    Python looks through the youngest objects at every 700 of them, and through everything whenever
    a quarter as much was added, which a batch of 250 records does: through 200,000 objects of
    imported modules, none of which will ever go.
    """
    gc.collect()
    gc.freeze()
    young = _IN_THE_MIDST if in_batches else _LEFT
    gc.set_threshold(young, *gc.get_threshold()[1:])


def collect_what_is_left() -> None:
    """Collect between two batches, if much was left behind.

    A batch's own objects are gone by then without being looked for: in its midst a collection looks
    through all of them, and finds that they are needed.
    """
    if gc.get_count()[0] > _LEFT:
        gc.collect()
