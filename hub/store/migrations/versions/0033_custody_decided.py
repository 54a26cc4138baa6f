"""Custody by when it was decided, a range of blocks at a time: pages of accounts are read so."""

from alembic import op

revision = "0033"
down_revision = "0032"

# One that was left half made, by somebody who ended or waited too long for a lock, is of no use.
DROP = "DROP INDEX CONCURRENTLY IF EXISTS outbound.custody_decided"

CREATE = """
CREATE INDEX CONCURRENTLY custody_decided ON outbound.custody
    USING brin (decided_at) WITH (autosummarize = on)
"""


def upgrade() -> None:
    """Create the index while custody is written to."""
    with op.get_context().autocommit_block():
        op.execute(DROP)
        op.execute(CREATE)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
