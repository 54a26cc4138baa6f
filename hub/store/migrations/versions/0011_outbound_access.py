"""Outbound: access to subscribers' queues that is to be settled, and expiries that were noticed."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = """
-- Whose access to its queue must be brought in line with its grants; with ``recall`` what waits
-- unread must be looked at. Done when ``settled_at`` is set.
CREATE TABLE outbound.access (
    subscriber   text COLLATE "C" PRIMARY KEY REFERENCES outbound.subscriber (name),
    recall       boolean NOT NULL,
    requested_at timestamptz NOT NULL,
    settled_at   timestamptz
);

-- Versions of grants whose end was noticed and acted upon.
CREATE TABLE outbound.expiry (
    grant_id   text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (grant_id, version)
)
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
