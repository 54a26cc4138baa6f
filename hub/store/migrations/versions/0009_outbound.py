"""Outbound: subscribers, grants and how they stand, custody per subscriber, the disclosure log."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = """
CREATE SCHEMA outbound;

-- Bodies that data may leave for. ``since``: from when on their queues have been bound.
CREATE TABLE outbound.subscriber (
    name       text COLLATE "C" PRIMARY KEY,
    document   jsonb NOT NULL,
    version    integer NOT NULL,
    since      timestamptz,
    added_by   text NOT NULL,
    added_at   timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Every version of every grant, as proposed. A version is decided upon once and never changes.
CREATE TABLE outbound.grant_version (
    grant_id    text COLLATE "C" NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    subscriber  text COLLATE "C" NOT NULL REFERENCES outbound.subscriber (name),
    document    jsonb NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    reason      text NOT NULL,
    approved    boolean,
    decided_by  text,
    decided_at  timestamptz,
    PRIMARY KEY (grant_id, version)
);
CREATE INDEX grant_version_subscriber ON outbound.grant_version (subscriber);

CREATE FUNCTION outbound.decide_once() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.approved IS NOT NULL OR (NEW.grant_id, NEW.version, NEW.subscriber, NEW.document,
        NEW.proposed_by, NEW.proposed_at, NEW.reason) IS DISTINCT FROM (OLD.grant_id, OLD.version,
        OLD.subscriber, OLD.document, OLD.proposed_by, OLD.proposed_at, OLD.reason) THEN
        RAISE EXCEPTION 'a version of a grant is decided upon once and never changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grant_version_decided_once BEFORE UPDATE ON outbound.grant_version
    FOR EACH ROW EXECUTE FUNCTION outbound.decide_once();
CREATE TRIGGER grant_version_kept BEFORE DELETE OR TRUNCATE ON outbound.grant_version
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- How grants stand: the last entry counts. ``version`` is the version in force from then on.
CREATE TABLE outbound.grant_standing (
    grant_id text COLLATE "C" NOT NULL,
    entry    integer NOT NULL CHECK (entry > 0),
    version  integer NOT NULL,
    standing text NOT NULL CHECK (standing IN ('in-force', 'suspended', 'revoked')),
    ground   text NOT NULL,
    reason   text NOT NULL,
    by       text NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (grant_id, entry),
    FOREIGN KEY (grant_id, version) REFERENCES outbound.grant_version (grant_id, version)
);
CREATE TRIGGER grant_standing_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON outbound.grant_standing FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- The disclosure log: what was decided, committed before anything leaves. One row per subscriber,
-- record, grant version and verdict (``disclosure_id`` is derived from these), for a lookup one
-- per request. ``persons``: URNs of whoever the disclosed fields name; ``fields``: JSON names.
CREATE TABLE outbound.disclosure (
    entry_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    disclosure_id uuid NOT NULL,
    subscriber    text COLLATE "C" NOT NULL,
    record_id     uuid NOT NULL,
    verdict       text NOT NULL CHECK (verdict IN ('allowed', 'withheld', 'held', 'recalled')),
    grant_id      text COLLATE "C",
    grant_version integer,
    reason        text,
    missing       text,
    record_type   text NOT NULL,
    ministry      text NOT NULL,
    persons       text[] NOT NULL,
    fields        text[] NOT NULL,
    channel       text NOT NULL,
    decided_at    timestamptz NOT NULL,
    CHECK (verdict <> 'allowed' OR grant_version IS NOT NULL),
    UNIQUE (record_id, disclosure_id)
);
CREATE INDEX disclosure_persons ON outbound.disclosure USING gin (persons);
CREATE TRIGGER disclosure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outbound.disclosure
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- Custody: one row per subscriber and record, where it is now. ``event`` is the whole record for
-- as long as it waits here (``due``) or for a person, and nothing after that. ``fact`` is a hash.
CREATE TABLE outbound.custody (
    subscriber    text COLLATE "C" NOT NULL,
    record_id     uuid NOT NULL,
    state         text NOT NULL CHECK (state IN ('sent', 'withheld', 'held', 'retrying', 'parked',
                      'recalled')),
    reason        text,
    record_type   text NOT NULL,
    lane          text NOT NULL,
    fact          uuid NOT NULL,
    version       bigint NOT NULL,
    rank          smallint NOT NULL,
    grant_id      text COLLATE "C",
    grant_version integer,
    delivery_id   uuid,
    attempts      smallint NOT NULL DEFAULT 0,
    due           timestamptz,
    event         jsonb,
    decided_at    timestamptz NOT NULL,
    PRIMARY KEY (subscriber, record_id)
) WITH (fillfactor = 80);
CREATE INDEX custody_fact ON outbound.custody (subscriber, fact) WHERE delivery_id IS NOT NULL;
CREATE INDEX custody_due ON outbound.custody (subscriber, due) WHERE due IS NOT NULL;

-- Parcels. While ``ended_at`` is NULL and ``deadline`` has not passed, one may be on its way:
-- revocations wait for it. ``outcome`` is that of the last attempt.
CREATE TABLE outbound.parcel (
    delivery_id   uuid PRIMARY KEY,
    subscriber    text COLLATE "C" NOT NULL,
    grant_id      text COLLATE "C" NOT NULL,
    grant_version integer NOT NULL,
    records       integer NOT NULL,
    attempts      integer NOT NULL,
    started_at    timestamptz NOT NULL,
    deadline      timestamptz NOT NULL,
    ended_at      timestamptz,
    outcome       text,
    delivered_at  timestamptz
);
CREATE INDEX parcel_open ON outbound.parcel (grant_id, deadline) WHERE ended_at IS NULL;

-- How many records left under a grant on a day (Baku).
CREATE TABLE outbound.usage (
    grant_id text COLLATE "C" NOT NULL,
    day      date NOT NULL,
    records  integer NOT NULL,
    PRIMARY KEY (grant_id, day)
);

-- What a subscriber is told of again from the registry, and how far that has come.
CREATE TABLE outbound.backfill (
    backfill_id  uuid PRIMARY KEY,
    subscriber   text COLLATE "C" NOT NULL REFERENCES outbound.subscriber (name),
    records      text[] NOT NULL,
    per_second   integer NOT NULL CHECK (per_second > 0),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    reason       text NOT NULL,
    position     jsonb NOT NULL,
    fed          bigint NOT NULL DEFAULT 0,
    updated_at   timestamptz NOT NULL,
    finished_at  timestamptz
);
CREATE INDEX backfill_open ON outbound.backfill (subscriber) WHERE finished_at IS NULL
"""


def upgrade() -> None:
    """Create the outbound schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
