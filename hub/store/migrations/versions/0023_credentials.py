"""What ministries prove themselves with: issued, rotated, revoked, and by whom."""

from alembic import op

revision = "0023"
down_revision = "0022"

STATEMENTS = """
-- Of a secret there is nothing but the hash, and of a broker user's password not even that: the
-- broker keeps it. A credential is good until ``ends_at``; without one, until it is revoked.
CREATE TABLE evidence.credential (
    credential_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ministry      text COLLATE "C" NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('broker', 'http')),
    secret_sha256 text,
    issued_by     text NOT NULL,
    issued_at     timestamptz NOT NULL,
    ends_at       timestamptz,
    ended_by      text,
    CHECK ((kind = 'http') = (secret_sha256 IS NOT NULL))
);
CREATE UNIQUE INDEX credential_current ON evidence.credential (ministry, kind)
    WHERE ends_at IS NULL;
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
