"""The change feed of the registry, and the Agency's own systems that live off it."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = """
-- One row per operation that changed a fact, in the order in which the changes were committed:
-- positions are drawn under a lock that is held until the commit. What the operation was stands
-- in the fact's table or its history, under the record id.
CREATE TABLE registry.change (
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id   uuid NOT NULL,
    record_type text COLLATE "C" NOT NULL,
    ministry    text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    fact_key    text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE SCHEMA agency;

-- A system of the Agency: what it reads, for what purpose, and how far it has been served.
CREATE TABLE agency.system (
    name      text COLLATE "C" PRIMARY KEY,
    patterns  jsonb NOT NULL,
    purpose   text NOT NULL,
    position  bigint NOT NULL,
    added_by  text NOT NULL,
    added_at  timestamptz NOT NULL,
    served_at timestamptz
);
"""


def upgrade() -> None:
    """Create the feed and the register of systems."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """The registry is never taken down by a migration."""
    raise NotImplementedError
