"""What staff enters (decree 2.11), and what persons concerned ask for, with the state of each."""

from alembic import op

revision = "0025"
down_revision = "0024"

STATEMENTS = """
-- A fact entered by staff, on its way into the registry and out of it again. What the registry
-- believes is in registry.staff_fact, written from the journal like everything else.
CREATE TABLE agency.fact (
    fact_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject    text COLLATE "C" NOT NULL,
    record     jsonb NOT NULL,
    says       text[] NOT NULL,
    since      timestamptz NOT NULL,
    expires_at timestamptz,
    state      text NOT NULL
        CHECK (state IN ('proposed', 'rejected', 'in-force', 'withdrawn', 'expired')),
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    ended_by   text,
    ended_at   timestamptz,
    CHECK (expires_at > since)
);
CREATE INDEX fact_subject ON agency.fact (subject);
CREATE INDEX fact_expires ON agency.fact (expires_at) WHERE state = 'in-force';
"""


def upgrade() -> None:
    """Create the register."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """The registry is never taken down by a migration."""
    raise NotImplementedError
