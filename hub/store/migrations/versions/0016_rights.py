"""What lets the hub run under a role that owns nothing."""

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = """
-- Partitions are made with the rights of the owner, whoever asks for them.
ALTER FUNCTION evidence.ensure_partitions(date, integer) SECURITY DEFINER
    SET search_path = pg_catalog, evidence;
REVOKE EXECUTE ON FUNCTION evidence.ensure_partitions(date, integer) FROM PUBLIC;

-- Bodies leave with their day's partition, which the owner drops; not one by one.
DROP TRIGGER journal_body_sealed ON evidence.journal_body;
CREATE TRIGGER journal_body_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.journal_body
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();
"""


def upgrade() -> None:
    """Let the owner's function be used."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
