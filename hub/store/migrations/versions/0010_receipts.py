"""Receipts: what a ministry was told of each record, and the box receipts go out through."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = """
-- ``version`` orders the operations of a fact; ``numbered`` if the source gave it as a number of
-- its own. ``receipted`` is the state the ministry was told last: a record is due for a receipt
-- while that is another than its state.
ALTER TABLE evidence.record_log
    ADD COLUMN version   bigint,
    ADD COLUMN numbered  boolean NOT NULL DEFAULT false,
    ADD COLUMN receipted text;
CREATE INDEX record_log_due ON evidence.record_log (ministry, settled_at)
    WHERE settled_at IS NOT NULL AND receipted IS DISTINCT FROM state;

-- Receipts wait here until the broker has confirmed them; then the row goes.
CREATE TABLE evidence.receipt (
    receipt_id uuid PRIMARY KEY,
    ministry   text NOT NULL,
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX receipt_waiting ON evidence.receipt (ministry, created_at, receipt_id);
"""


def upgrade() -> None:
    """Create columns, index and table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
