"""Documents that came in parts: how far each is on the bus, and its manifest when it is."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = """
-- One row per document. ``published`` chunks are confirmed by the broker: where sending was
-- interrupted it goes on from there. With ``completed_at`` the row is the document's manifest.
CREATE TABLE evidence.document (
    ministry      text COLLATE "C" NOT NULL,
    document_id   text COLLATE "C" NOT NULL,
    sha256        text NOT NULL,
    bytes         bigint NOT NULL,
    content_type  text NOT NULL,
    lane          text NOT NULL,
    records       bigint NOT NULL,
    chunks        integer NOT NULL,
    chunk_bytes   integer NOT NULL,
    chunk_records integer NOT NULL,
    published     integer NOT NULL DEFAULT 0 CHECK (published <= chunks),
    started_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    completed_at  timestamptz,
    PRIMARY KEY (ministry, document_id)
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
