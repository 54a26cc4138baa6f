"""What a served contract means for us: purely, from its bytes, ours, and what was there before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from hub.contracts import shapes
from hub.contracts.changes import READERS, STRICT, Change, Side
from hub.contracts.comparison import differences
from hub.contracts.shapes import Contract
from schemas.errors import Refused

# What a served file that is well-formed but nonsense may trip the comparison with.
_TRIPPED = (AttributeError, LookupError, TypeError, ValueError, RecursionError)


class State(StrEnum):
    """How a served contract stands to ours; ``unreachable`` where there is nothing to compare."""

    AGREES = "agrees"
    DIFFERS = "differs"
    BREAKS = "breaks"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """State, our file it was compared with, and every difference; fingerprint of the bytes."""

    state: State
    sha256: str
    contract: str | None
    changes: tuple[Change, ...]
    breaking: tuple[Change, ...]


def judge(body: bytes, name: str, ours: Mapping[str, bytes]) -> Verdict:
    """Compare a served file with the contract files of its connector.

    The hub reads strictly, so that also a field it does not know breaks messages. What only
    senders of such documents would mind does not: the ministry is the sender. A service is
    both asked and read. ``name`` is the last part of the address, for files without identity.
    """
    digest = hashlib.sha256(body).hexdigest()
    for same, own in ours.items():
        if own == body:
            return Verdict(State.AGREES, digest, same, (), ())
    path, changes = _compared_somehow(body, name, ours)
    minded = READERS | STRICT
    if path is not None and path.endswith(".wsdl"):
        minded |= {Side.SENDERS}
    breaking = tuple(change for change in changes if change.breaks & minded)
    state = State.BREAKS if breaking else State.DIFFERS if changes else State.AGREES
    return Verdict(state, digest, path, tuple(changes), breaking)


def _compared_somehow(
    body: bytes, name: str, ours: Mapping[str, bytes]
) -> tuple[str | None, list[Change]]:
    try:
        return _compared(body, name, ours)
    except Refused as refusal:
        text = refusal.explanation
    except _TRIPPED as error:
        text = f"cannot be compared ({type(error).__name__})"
    return None, [Change("contract-unreadable", "", text, READERS)]


def _compared(body: bytes, name: str, ours: Mapping[str, bytes]) -> tuple[str | None, list[Change]]:
    if name in ours and not name.endswith(shapes.FORMAL):
        return name, [Change("text-changed", "", "only people can tell", frozenset())]
    served = shapes.read(shapes.guess(body), body)
    own = {path: shapes.read(path, file) for path, file in ours.items()}
    path = _counterpart(served, name, own)
    if path is None:
        return None, [Change("contract-unknown", "", "we have none of that namespace", READERS)]
    before, after = own[path].shape, served.shape
    changes = [] if before is None or after is None else differences(before, after)
    if own[path].identity != served.identity:
        changes.insert(0, Change("identity-changed", "", "another namespace or $id", READERS))
    return path, changes


def _counterpart(served: Contract, name: str, own: Mapping[str, Contract]) -> str | None:
    """Find our file of the same namespace or ``$id``, else of the same name."""
    for path, contract in own.items():
        if served.identity and contract.identity == served.identity:
            return path
    return next((path for path in own if PurePosixPath(path).name == name), None)
