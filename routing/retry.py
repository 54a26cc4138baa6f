"""From an error to what happens next. Pure: effects are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from routing import keys
from routing.message import ATTEMPTS, Delivery
from routing.outcome import Halt, Outcome, Park, Pause, Refuse, Retry
from routing.topology import LADDER, Rung
from schemas.errors import HubError, Parked, Refused, Stop, Unavailable

EXHAUSTED = "retries-exhausted"
DEFECT = "defect"


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a record is tried before it is parked, and how long it waits in between."""

    rungs: tuple[Rung, ...] = LADDER
    max_attempts: int = 6


def decide(error: Exception, attempts: int, policy: Policy, key: str = "") -> Outcome:
    """Say what becomes of a record that failed with ``error`` after ``attempts`` earlier failures.

    The error's type states the recovery (``schemas.errors``). An error nobody foresaw is a
    defect of the hub: it is tried again like a passing condition, for it may be one. ``key``
    spreads what failed together over the waiting rooms of a rung.
    """
    match error:
        case Refused():
            return Refuse(error.rule, error.field, error.explanation)
        case Parked():
            return Park(error.cause, error.explanation)
        case Unavailable():
            return Pause(str(error))
        case Stop():
            return Halt(str(error))
    failures = attempts + 1
    if failures < policy.max_attempts and policy.rungs:
        rung = policy.rungs[min(failures, len(policy.rungs)) - 1]
        return Retry(rung.room_of(key), failures)
    return _give_up(error, failures)


def attempts(delivery: Delivery) -> int:
    """Count earlier failures of a delivery.

    The header counts only on the default exchange, where the ladder leads back: ministries
    cannot write to that, but could set any header on their own.
    """
    count = delivery.headers.get(ATTEMPTS, 0)
    came_back = delivery.exchange == keys.DEFAULT
    return count if came_back and type(count) is int and count > 0 else 0


def _give_up(error: Exception, failures: int) -> Park:
    kind = type(error).__name__
    cause = EXHAUSTED if isinstance(error, HubError) else f"{DEFECT}-{kind}"
    return Park(cause, f"{kind} after {failures} attempts")
