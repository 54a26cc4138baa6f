"""When certificates expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.watch.certificates import expires
from tests.support.credentials import Authority

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_first_certificate_of_a_file_to_expire_counts(tmp_path: Path) -> None:
    older = Authority(tmp_path, NOW - timedelta(days=1)).file.read_bytes()
    newer = Authority(tmp_path, NOW).file.read_bytes()
    chain = tmp_path / "chain.pem"
    chain.write_bytes(newer + older)
    alone = tmp_path / "alone.pem"
    alone.write_bytes(older)
    assert expires(chain) == expires(alone)
    assert expires(alone) is not None


def test_what_is_no_certificate_never_expires(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nothing of the kind")
    assert expires(nonsense) is None
    assert expires(tmp_path / "missing.pem") is None
