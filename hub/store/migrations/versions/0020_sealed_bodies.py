"""Bodies say with which key they are sealed; without one they are compressed only."""

from alembic import op

revision = "0020"
down_revision = "0019"

STATEMENTS = """
ALTER TABLE evidence.journal_body ADD COLUMN key_id text;
ALTER TABLE desk.letter_body ADD COLUMN key_id text;
ALTER TABLE desk.correction ADD COLUMN key_id text;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
