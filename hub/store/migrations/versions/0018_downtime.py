"""The downtime register (decree 308, 2.10.3): what was down, from when to when, and why."""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = """
-- One row per component (and source, where not everybody is affected) and time. An entry that the
-- hub opened is brought up to date for as long as its end is not known; what people say of it is
-- added beside it. An empty source means every source.
CREATE TABLE evidence.downtime (
    downtime_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('outage', 'planned', 'pause')),
    component   text NOT NULL,
    source      text NOT NULL DEFAULT '',
    began_at    timestamptz NOT NULL,
    ended_at    timestamptz CHECK (ended_at >= began_at),
    cause       text NOT NULL,
    opened_by   text NOT NULL
);
CREATE INDEX downtime_began ON evidence.downtime (began_at);
CREATE INDEX downtime_open ON evidence.downtime (kind) WHERE ended_at IS NULL;

-- Only ever added to.
CREATE TABLE evidence.downtime_remark (
    remark_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    downtime_id bigint NOT NULL REFERENCES evidence.downtime,
    at          timestamptz NOT NULL,
    author      text NOT NULL,
    cause       text,
    responsible text,
    remark      text
);
CREATE INDEX downtime_remark_of ON evidence.downtime_remark (downtime_id);
CREATE TRIGGER downtime_remark_sealed BEFORE UPDATE OR DELETE OR TRUNCATE
    ON evidence.downtime_remark FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();
"""


def upgrade() -> None:
    """Create the register."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
