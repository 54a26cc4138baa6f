"""How far each document is on the bus, kept in the database."""

from __future__ import annotations

from datetime import datetime

from connectors._kit.portions import Size
from hub.documents.document import Manifest, Survey
from hub.store.database import Row, Transaction

_BEGIN = """
INSERT INTO evidence.document (ministry, document_id, sha256, bytes, content_type, lane, records,
    chunks, chunk_bytes, chunk_records, started_at, updated_at)
VALUES (%(ministry)s, %(document_id)s, %(sha256)s, %(bytes)s, %(content_type)s, %(lane)s,
    %(records)s, %(chunks)s, %(chunk_bytes)s, %(chunk_records)s, %(now)s, %(now)s)
ON CONFLICT (ministry, document_id) DO NOTHING
"""

_FIND = """
SELECT ministry, document_id, sha256, bytes, content_type, lane, records, chunks, chunk_bytes,
    chunk_records, published, started_at, updated_at, completed_at
FROM evidence.document WHERE ministry = %s AND document_id = %s
"""

# Two who send the same document may overtake each other; it never goes back.
_ADVANCE = """
UPDATE evidence.document
SET published = greatest(published, %(published)s), updated_at = %(now)s,
    completed_at = CASE WHEN %(published)s = chunks THEN coalesce(completed_at, %(now)s)
                        ELSE completed_at END
WHERE ministry = %(ministry)s AND document_id = %(document_id)s
"""

_OUTCOMES = r"""
SELECT log.state, count(*) AS records
FROM evidence.journal j JOIN evidence.record_log log USING (journal_id)
WHERE j.ministry = %(ministry)s AND j.message_key LIKE %(chunks)s
GROUP BY log.state ORDER BY log.state
"""


def find(tx: Transaction, ministry: str, document_id: str) -> Manifest | None:
    """Look a document up."""
    rows = tx.rows(_FIND, [ministry, document_id])
    return _manifest(rows[0]) if rows else None


def begin(tx: Transaction, manifest: Manifest, now: datetime) -> None:
    """Write down a document before its first chunk is sent; one that is known stays as it is."""
    tx.execute(
        _BEGIN,
        {
            "ministry": manifest.ministry,
            "document_id": manifest.document_id,
            "sha256": manifest.survey.sha256,
            "bytes": manifest.survey.size,
            "content_type": manifest.content_type,
            "lane": manifest.lane,
            "records": manifest.survey.records,
            "chunks": manifest.survey.chunks,
            "chunk_bytes": manifest.cut.most_bytes,
            "chunk_records": manifest.cut.most_records,
            "now": now,
        },
    )


def advance(tx: Transaction, manifest: Manifest, published: int, now: datetime) -> None:
    """Remember that the broker has confirmed the first ``published`` chunks."""
    params = {"ministry": manifest.ministry, "document_id": manifest.document_id}
    tx.execute(_ADVANCE, params | {"published": published, "now": now})


def outcomes(tx: Transaction, ministry: str, document_id: str) -> dict[str, int]:
    """Count what became of the document's records so far, by state."""
    prefix = document_id.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    rows = tx.rows(_OUTCOMES, {"ministry": ministry, "chunks": f"{prefix}/%"})
    return {row["state"]: row["records"] for row in rows}


def _manifest(row: Row) -> Manifest:
    return Manifest(
        ministry=row["ministry"],
        document_id=row["document_id"],
        lane=row["lane"],
        content_type=row["content_type"],
        survey=Survey(row["sha256"], row["bytes"], row["records"], row["chunks"]),
        cut=Size(row["chunk_bytes"], row["chunk_records"]),
        published=row["published"],
        completed_at=row["completed_at"],
    )
