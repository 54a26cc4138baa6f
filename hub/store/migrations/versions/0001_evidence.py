"""Evidence: the journal, the record log, notices, findings, claims and worker marks."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = """
CREATE SCHEMA evidence;

-- One row per distinct message. The key is the message id; a second body under the same id is
-- kept under the id with a part of its hash, so that both stay as evidence.
CREATE TABLE evidence.journal (
    ministry     text NOT NULL,
    message_key  text NOT NULL,
    journal_id   bigint GENERATED ALWAYS AS IDENTITY,
    message_id   text NOT NULL,
    body_sha256  text NOT NULL,
    lane         text NOT NULL,
    content_type text NOT NULL,
    sender       text,
    channel      text NOT NULL,
    headers      jsonb NOT NULL,
    size         integer NOT NULL,
    published_at timestamptz,
    received_at  timestamptz NOT NULL,
    records      integer NOT NULL,
    arrivals     integer NOT NULL DEFAULT 1,
    PRIMARY KEY (ministry, message_key)
);
CREATE UNIQUE INDEX journal_id ON evidence.journal (journal_id);

-- The bytes as received, compressed; partitioned by day so that retention drops whole days.
CREATE TABLE evidence.journal_body (
    received_on date NOT NULL,
    journal_id  bigint NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (received_on, journal_id)
) PARTITION BY RANGE (received_on);
CREATE TABLE evidence.journal_body_other PARTITION OF evidence.journal_body DEFAULT;
ALTER TABLE evidence.journal_body ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE FUNCTION evidence.ensure_partitions(first date, days integer) RETURNS void
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
            EXECUTE format(
                'CREATE TABLE evidence.%I PARTITION OF evidence.journal_body '
                'FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
        END IF;
    END LOOP;
END $$;

-- One narrow row per record id: where it came from and what became of it.
CREATE TABLE evidence.record_log (
    record_id   uuid PRIMARY KEY,
    journal_id  bigint NOT NULL,
    ordinal     integer NOT NULL,
    ministry    text NOT NULL,
    lane        text NOT NULL,
    record_type text NOT NULL,
    state       text NOT NULL CHECK (state IN ('received', 'retrying', 'written', 'unchanged',
                    'superseded', 'refused', 'parked', 'discarded', 'replaced')),
    cause       text,
    field       text,
    attempts    smallint NOT NULL DEFAULT 0,
    relays      smallint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    held_since  timestamptz NOT NULL,
    settled_at  timestamptz
) WITH (fillfactor = 80);
CREATE INDEX record_log_open ON evidence.record_log (held_since)
    WHERE state IN ('received', 'retrying');
CREATE INDEX record_log_journal ON evidence.record_log (journal_id);

CREATE TABLE evidence.finding (
    record_id   uuid NOT NULL,
    rule        text NOT NULL,
    field       text NOT NULL,
    explanation text NOT NULL,
    proposal    text,
    found_at    timestamptz NOT NULL,
    PRIMARY KEY (record_id, rule, field)
);

-- Notices to senders wait here until the broker has confirmed them.
CREATE TABLE evidence.notice (
    notice_id    uuid PRIMARY KEY,
    ministry     text NOT NULL,
    body         jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz
);
CREATE INDEX notice_waiting ON evidence.notice (created_at) WHERE published_at IS NULL;

-- A message that may kill its process is claimed before it is handled again.
CREATE TABLE evidence.poison_claim (
    hop        text NOT NULL,
    key        text NOT NULL,
    crashes    integer NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (hop, key)
);

-- Who is alive, and how far each consumer has come in its queue.
CREATE TABLE evidence.worker (
    worker_id    text PRIMARY KEY,
    kind         text NOT NULL,
    queue        text NOT NULL,
    watermark    timestamptz,
    heartbeat_at timestamptz NOT NULL
);

CREATE TABLE evidence.poll_cursor (
    ministry   text NOT NULL,
    poll       text NOT NULL,
    sequence   bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (ministry, poll)
)
"""


def upgrade() -> None:
    """Create the evidence schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
