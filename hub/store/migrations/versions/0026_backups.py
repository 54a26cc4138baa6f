"""Backups that were made and restored, as far as this database knows of them."""

from alembic import op

revision = "0026"
down_revision = "0025"

STATEMENTS = """
-- One row per backup that was completed, or that this database was restored from. ``taken_at`` is
-- the moment it shows; ``manifest_sha256`` (hex) binds the row to the files.
CREATE TABLE evidence.backup (
    backup_id       uuid NOT NULL,
    event           text NOT NULL CHECK (event IN ('made', 'restored')),
    at              timestamptz NOT NULL,
    taken_at        timestamptz NOT NULL,
    bytes           bigint NOT NULL,
    manifest_sha256 text NOT NULL,
    verified        boolean NOT NULL,
    PRIMARY KEY (backup_id, event, at)
);
CREATE INDEX backup_taken ON evidence.backup (taken_at);
CREATE TRIGGER backup_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.backup
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
