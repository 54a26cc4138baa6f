"""Outages as workers saw them: breakers that opened and closed; partitions made under load."""

from alembic import op

revision = "0005"
down_revision = "0003"

STATEMENTS = """
-- One row per turn of a breaker; the key makes the same event, kept twice, one row.
CREATE TABLE evidence.breaker_event (
    worker_id  text NOT NULL,
    hop        text NOT NULL,
    turn       text NOT NULL CHECK (turn IN ('opened', 'closed')),
    at         timestamptz NOT NULL,
    dependency text NOT NULL,
    cause      text NOT NULL,
    PRIMARY KEY (worker_id, hop, turn, at)
);
CREATE INDEX breaker_event_at ON evidence.breaker_event (at);

-- Rows that intake had not yet committed when they were looked for: their day stays where it is.
CREATE OR REPLACE FUNCTION evidence.ensure_partitions(first date, days integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    day date;
    name text;
BEGIN
    FOR i IN 0 .. days - 1 LOOP
        day := first + i;
        name := 'journal_body_' || to_char(day, 'YYYYMMDD');
        IF to_regclass('evidence.' || name) IS NULL
           AND NOT EXISTS (SELECT FROM evidence.journal_body_other WHERE received_on = day) THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE evidence.%I PARTITION OF evidence.journal_body '
                    'FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
            EXCEPTION WHEN check_violation OR duplicate_table THEN
                NULL;
            END;
        END IF;
    END LOOP;
END $$;
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
