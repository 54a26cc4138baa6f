"""Synthetic identifiers: well-formed, injective in their index, and never a real person's.

A FİN starts with ``TST`` and a VÖEN with the territory code ``00``; neither is ever issued.
"""

from __future__ import annotations

import hashlib

FIN_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
FIN_CAPACITY = len(FIN_ALPHABET) ** 4
VOEN_CAPACITY = 900_000

_VOEN_WEIGHTS = (4, 1, 8, 6, 2, 7, 5, 3)
_FIN_STRIDE = 700_001  # prime to the capacity: scatters neighbours over the alphabet


def fin(index: int) -> str:
    """FİN of person ``index`` (0 up to ``FIN_CAPACITY``): ``TST`` and four of 34 characters."""
    rest = index * _FIN_STRIDE % FIN_CAPACITY
    letters = []
    for _ in range(4):
        rest, digit = divmod(rest, len(FIN_ALPHABET))
        letters.append(FIN_ALPHABET[digit])
    return "TST" + "".join(letters)


def voen(index: int, *, natural: bool = False) -> str:
    """VÖEN ``index`` (0 up to ``VOEN_CAPACITY``) with a valid check digit; last digit 1 legal,
    2 natural person. Rule as published by the tax service (weights, remainder of 11)."""
    block, nth = divmod(index, 9)
    stem = f"00{block:05d}"
    serial, check = _checkable(stem)[nth]
    return f"{stem}{serial}{check}{2 if natural else 1}"


def record_id(ministry: str, message_id: str, ordinal: int, record_type: str) -> str:
    """The id the hub must derive for a record: 32 hex digits."""
    text = "\x1f".join((ministry, message_id, str(ordinal), record_type))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_id(body: bytes) -> str:
    """The id the hub must give a message that came without one."""
    return f"sha256-{hashlib.sha256(body).hexdigest()}"


def reused_id(message_id: str, body: bytes) -> str:
    """The key under which the hub must keep a second body of one message id."""
    return f"{message_id}#{hashlib.sha256(body).hexdigest()[:12]}"


def _checkable(stem: str) -> list[tuple[int, int]]:
    # A remainder of 10 has no check digit; it befalls at most one of the ten last serial digits.
    fixed = sum(w * int(d) for w, d in zip(_VOEN_WEIGHTS, stem, strict=False))
    remainders = [(digit, (fixed + _VOEN_WEIGHTS[7] * digit) % 11) for digit in range(10)]
    return [(digit, check) for digit, check in remainders if check < 10]  # noqa: PLR2004
