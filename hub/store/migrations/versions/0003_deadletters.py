"""The dead-letter desk: letters, their history, corrections, replays, operators, and the audit."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = """
-- Who did what, when and why. Nothing in it is ever changed or taken away.
CREATE TABLE evidence.audit (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    actor    text NOT NULL,
    action   text NOT NULL,
    object   text NOT NULL,
    reason   text,
    detail   jsonb NOT NULL
);
CREATE INDEX audit_object ON evidence.audit (object, entry_id);

CREATE FUNCTION evidence.forbid_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.audit
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- The desk's side of notices: what a ministry said it has seen, and what came in place of what
-- was refused. The decree sets no deadline for that; one may be agreed.
ALTER TABLE evidence.notice
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN correct_by      date,
    ADD COLUMN corrected_by    text,
    ADD COLUMN corrected_at    timestamptz;
CREATE INDEX notice_message ON evidence.notice (ministry, (body ->> 'messageId'));

CREATE SCHEMA desk;

-- A name is given once and never again, so that it says who acted for all time.
CREATE TABLE desk.operator (
    name         text PRIMARY KEY,
    token_sha256 text NOT NULL UNIQUE,
    issued_by    text REFERENCES desk.operator (name),
    issued_at    timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_by   text
);
CREATE UNIQUE INDEX operator_spelling ON desk.operator (lower(name));

-- One row per message that needs a person. The id is derived from origin queue, message id and
-- body, so that the same message, however often it comes back, is the same letter.
CREATE TABLE desk.letter (
    letter_id       uuid PRIMARY KEY,
    origin          text NOT NULL,
    message_id      text NOT NULL,
    body_sha256     text NOT NULL,
    content_type    text NOT NULL,
    headers         jsonb NOT NULL,
    size            integer NOT NULL,
    ministry        text COLLATE "C" NOT NULL,
    lane            text NOT NULL,
    record_type     text NOT NULL,
    subject         text COLLATE "C" NOT NULL,
    version         bigint NOT NULL,
    rank            smallint NOT NULL,
    cause           text COLLATE "C" NOT NULL,
    field           text COLLATE "C" NOT NULL,
    explanation     text NOT NULL,
    state           text NOT NULL CHECK (state IN ('parked', 'proposed', 'approved', 'sending',
                        'sent', 'settled', 'replaced', 'discarded')),
    mark            text,
    failures        integer NOT NULL DEFAULT 1,
    deliveries      integer NOT NULL DEFAULT 1,
    replays         integer NOT NULL DEFAULT 0,
    corrects        uuid,
    first_parked_at timestamptz NOT NULL,
    parked_at       timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX letter_recent ON desk.letter (state, parked_at, letter_id);
CREATE INDEX letter_group ON desk.letter (state, ministry, cause, field, parked_at, letter_id);
CREATE INDEX letter_cause ON desk.letter (state, cause, parked_at, letter_id);
CREATE INDEX letter_order ON desk.letter (ministry, subject, version, rank, letter_id)
    WHERE state IN ('parked', 'approved');
CREATE INDEX letter_under_way ON desk.letter (changed_at) WHERE state IN ('sending', 'sent');
CREATE INDEX letter_subject ON desk.letter (subject) WHERE subject <> '';
CREATE INDEX letter_message ON desk.letter (message_id);
CREATE INDEX letter_corrects ON desk.letter (corrects) WHERE corrects IS NOT NULL;

-- The bytes as they came, compressed. Retention may drop a row; nothing may change one.
CREATE TABLE desk.letter_body (
    letter_id uuid PRIMARY KEY,
    body      bytea NOT NULL
);
ALTER TABLE desk.letter_body ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TRIGGER letter_body_sealed BEFORE UPDATE ON desk.letter_body
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- Which rows of the record log a letter stands for.
CREATE TABLE desk.letter_record (
    letter_id uuid NOT NULL,
    record_id uuid NOT NULL,
    PRIMARY KEY (letter_id, record_id)
);
CREATE INDEX letter_record_record ON desk.letter_record (record_id);

-- Each time a message failed for good. The same failure delivered twice is one row.
CREATE TABLE desk.failure (
    letter_id   uuid NOT NULL,
    occurrence  text NOT NULL,
    cause       text NOT NULL,
    field       text NOT NULL,
    explanation text NOT NULL,
    attempts    integer NOT NULL,
    replay      text NOT NULL,
    parked_at   timestamptz NOT NULL,
    drained_at  timestamptz NOT NULL,
    PRIMARY KEY (letter_id, occurrence)
);

-- A correction is proposed by one operator and approved by another.
CREATE TABLE desk.correction (
    correction_id uuid PRIMARY KEY,
    letter_id     uuid NOT NULL,
    state         text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'withdrawn',
                      'sent')),
    message_id    text NOT NULL,
    record_id     uuid NOT NULL,
    body          bytea NOT NULL,
    body_sha256   text NOT NULL,
    difference    jsonb NOT NULL,
    reason        text NOT NULL,
    editor        text NOT NULL REFERENCES desk.operator (name),
    edited_at     timestamptz NOT NULL,
    decided_by    text REFERENCES desk.operator (name),
    decided_at    timestamptz
);
CREATE UNIQUE INDEX correction_standing ON desk.correction (letter_id)
    WHERE state IN ('proposed', 'approved');
CREATE INDEX correction_letter ON desk.correction (letter_id);
CREATE INDEX correction_message ON desk.correction (message_id);

-- One row per press of the button; who waits can see how far it has come.
CREATE TABLE desk.run (
    run_id     uuid PRIMARY KEY,
    operator   text NOT NULL REFERENCES desk.operator (name),
    reason     text,
    chosen     jsonb NOT NULL,
    per_second integer NOT NULL,
    total      bigint NOT NULL,
    sent       bigint NOT NULL DEFAULT 0,
    passed     jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ended_at   timestamptz,
    ending     text
);
CREATE INDEX run_recent ON desk.run (started_at);

-- The ledger against double submission: written before a message is published, under the lock
-- of its letter. Without sent_at the publish was not seen to be confirmed.
CREATE TABLE desk.replay (
    letter_id  uuid NOT NULL,
    number     integer NOT NULL,
    run_id     uuid NOT NULL,
    operator   text NOT NULL,
    claimed_at timestamptz NOT NULL,
    sent_at    timestamptz,
    PRIMARY KEY (letter_id, number)
)
"""


def upgrade() -> None:
    """Create the desk."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
