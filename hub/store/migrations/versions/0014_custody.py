"""Custody statements by ministry and day; what a refused message was corrected by."""

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = """
-- What became of everything a ministry sent on one day (Asia/Baku). Drawn again where something
-- of it has changed, as a further revision; none is ever changed or taken away.
CREATE TABLE evidence.custody (
    ministry    text NOT NULL,
    day         date NOT NULL,
    revision    integer NOT NULL,
    messages    bigint NOT NULL,
    received    bigint NOT NULL,
    settled     jsonb NOT NULL,
    in_flight   bigint NOT NULL,
    unaccounted bigint NOT NULL,
    digest      text NOT NULL,
    drawn_at    timestamptz NOT NULL,
    PRIMARY KEY (ministry, day, revision)
);
CREATE INDEX custody_day ON evidence.custody (day);
CREATE TRIGGER custody_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.custody
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- When a day was last looked at, and how many of its records may still change.
CREATE TABLE evidence.custody_look (
    day       date PRIMARY KEY,
    pending   bigint NOT NULL,
    looked_at timestamptz NOT NULL
);

CREATE INDEX journal_received ON evidence.journal USING brin (received_at);
CREATE INDEX notice_rule ON evidence.notice (ministry, (body ->> 'rule'), created_at);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
