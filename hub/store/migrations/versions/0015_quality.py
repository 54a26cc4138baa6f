"""Data quality: findings that stand until the data agree again, freshness, and rounds kept."""

from alembic import op

revision = "0015"
down_revision = "0014"

STATEMENTS = """
-- ``amount`` is how many things a finding stands for, ``times`` how often it was open.
CREATE TABLE evidence.standing_finding (
    rule        text COLLATE "C" NOT NULL,
    ministry    text COLLATE "C" NOT NULL,
    record_type text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    place       text COLLATE "C" NOT NULL,
    amount      bigint NOT NULL,
    state       text NOT NULL CHECK (state IN ('open', 'resolved')),
    times       integer NOT NULL DEFAULT 1,
    opened_at   timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (rule, ministry, record_type, subject, place)
);
CREATE INDEX standing_finding_open ON evidence.standing_finding (ministry, rule)
    WHERE state = 'open';
CREATE INDEX finding_found ON evidence.finding (found_at);
CREATE INDEX golden_findings ON registry.golden (subject) WHERE findings <> '[]'::jsonb;

-- When the change took effect at its source, as far as it could be read.
ALTER TABLE evidence.record_log ADD COLUMN occurred_at timestamptz;
CREATE INDEX record_log_numbered ON evidence.record_log (ministry, record_type, version)
    INCLUDE (received_at) WHERE numbered;

-- The latest accepted record of each kind; ``journal_id`` is how far the log was looked through.
CREATE TABLE evidence.freshness (
    ministry    text COLLATE "C" NOT NULL,
    record_type text COLLATE "C" NOT NULL,
    occurred_at timestamptz,
    received_at timestamptz NOT NULL,
    journal_id  bigint NOT NULL,
    PRIMARY KEY (ministry, record_type)
);

-- That data quality was looked at, and when: the decree asks for it regularly (2.10.1).
CREATE TABLE evidence.quality_round (
    at       timestamptz PRIMARY KEY,
    opened   bigint NOT NULL,
    resolved bigint NOT NULL,
    open     bigint NOT NULL
);
"""


def upgrade() -> None:
    """Create tables, column and indexes."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
