"""What ends is queued for its receipt where it ends, many records in a row."""

from alembic import op

revision = "0031"
down_revision = "0030"

STATEMENTS = """
-- Records of a ministry that ended together and were not told of yet. The row goes when they are.
-- ``receipted`` of the record log says so at once for what ended for good. What is parked, and what
-- the release before gave its outcome, is found by the index record_log_due, as ever.
CREATE TABLE evidence.receipt_due (
    ministry text NOT NULL,
    due_id   bigint GENERATED ALWAYS AS IDENTITY,
    records  uuid[] NOT NULL,
    PRIMARY KEY (ministry, due_id)
);
-- A batch lives for less than a second: compressing it costs more than writing it.
ALTER TABLE evidence.receipt ALTER COLUMN body SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
