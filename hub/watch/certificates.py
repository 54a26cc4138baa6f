"""When the certificates that the settings name expire."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509


def expires(path: Path) -> datetime | None:
    """Tell when the first certificate of a PEM file expires (UTC); None if it cannot be read."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    return min((each.not_valid_after_utc for each in found), default=None)
