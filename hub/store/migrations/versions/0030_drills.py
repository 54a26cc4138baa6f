"""Drills (decree 308, 2.9.2): tests of a deployment, and how they ended."""

from alembic import op

revision = "0030"
down_revision = "0029"

STATEMENTS = """
-- ``detail`` has what was sent, the checks, and the alerts that were seen. Without ``ended_at`` the
-- drill is still going on, or whoever ran it was killed.
CREATE TABLE evidence.drill (
    drill_id   uuid PRIMARY KEY,
    name       text NOT NULL,
    by         text NOT NULL,
    began_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    passed     boolean,
    detail     jsonb NOT NULL,
    CHECK ((ended_at IS NULL) = (passed IS NULL))
);
CREATE INDEX drill_began ON evidence.drill (began_at);
CREATE TRIGGER drill_kept BEFORE DELETE OR TRUNCATE OR UPDATE OF drill_id, name, by, began_at
    ON evidence.drill FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
