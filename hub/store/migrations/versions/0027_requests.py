"""What persons concerned ask for: rectification and blocking, with every step; who is blocked."""

from alembic import op

revision = "0027"
down_revision = "0026"

STATEMENTS = """
-- A request stands as its last step says. What it asks for may name anything: it is kept here only.
CREATE TABLE agency.request (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('rectification', 'blocking')),
    subject    text COLLATE "C" NOT NULL,
    asks       text NOT NULL,
    state      text NOT NULL
        CHECK (state IN ('requested', 'forwarded', 'granted', 'refused', 'lifted')),
    opened_by  text NOT NULL,
    opened_at  timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX request_blocks ON agency.request (subject)
    WHERE kind = 'blocking' AND state = 'granted';

CREATE TABLE agency.request_step (
    request_id bigint NOT NULL REFERENCES agency.request,
    step       integer NOT NULL,
    state      text NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    reason     text NOT NULL,
    source     text COLLATE "C",
    PRIMARY KEY (request_id, step)
);
CREATE TRIGGER request_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agency.request_step
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- Whose data is blocked, under each number that is linked to theirs now.
CREATE VIEW agency.blocked AS
WITH asked AS (
    SELECT request_id, subject FROM agency.request WHERE kind = 'blocking' AND state = 'granted'),
whole AS (
    SELECT request_id, subject FROM asked
    UNION SELECT a.request_id, l.identifier
    FROM asked a JOIN registry.link l ON l.alias = a.subject)
SELECT request_id, subject FROM whole
UNION SELECT w.request_id, l.alias FROM whole w JOIN registry.link l ON l.identifier = w.subject;
"""


def upgrade() -> None:
    """Create the register."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
