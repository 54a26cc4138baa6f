"""Daily manifests: the last one of each ministry and day, and how it compares."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = """
-- ``agrees`` is null until it was looked at; ``absent`` counts missing numbers by record type, and
-- ``answer`` is the receipt last sent about it.
CREATE TABLE evidence.manifest (
    ministry    text COLLATE "C" NOT NULL,
    day         date NOT NULL,
    record_id   uuid NOT NULL,
    message_id  text NOT NULL,
    body        jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    agrees      boolean,
    missing     bigint NOT NULL DEFAULT 0,
    extra       bigint NOT NULL DEFAULT 0,
    absent      jsonb NOT NULL DEFAULT '{}',
    answer      uuid,
    PRIMARY KEY (ministry, day)
);
CREATE INDEX manifest_differs ON evidence.manifest (day) WHERE agrees IS NOT TRUE;
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
