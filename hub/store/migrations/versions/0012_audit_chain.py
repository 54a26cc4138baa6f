"""The audit's chain: closed rows of the audit and of the journal, each link bound to the last."""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = """
-- On what basis somebody acted, and how it ended.
ALTER TABLE evidence.audit
    ADD COLUMN basis   text,
    ADD COLUMN outcome text NOT NULL DEFAULT 'done';

-- One link closes the rows of one table that were numbered after ``after_id``, through
-- ``through_id``. ``leaves`` is 40 bytes per row: its number and the SHA-256 of its content.
-- The format is binding: docs/evidence.md.
CREATE TABLE evidence.chain (
    link       bigint PRIMARY KEY CHECK (link > 0),
    sealed_at  timestamptz NOT NULL,
    stream     text COLLATE "C" NOT NULL,
    after_id   bigint NOT NULL,
    through_id bigint NOT NULL,
    leaves     bytea NOT NULL CHECK (octet_length(leaves) % 40 = 0),
    previous   bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32)
);
ALTER TABLE evidence.chain ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX chain_stream ON evidence.chain (stream, link);
CREATE TRIGGER chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.chain
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- What was received stays as it was received. What happened since (how often it came again, how
-- many records it was found to hold) may be counted; bodies leave with their day's partition.
CREATE TRIGGER journal_sealed BEFORE DELETE OR TRUNCATE OR UPDATE OF ministry, message_key,
    journal_id, message_id, body_sha256, lane, content_type, sender, channel, headers, size,
    published_at, received_at ON evidence.journal
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();
CREATE TRIGGER journal_body_sealed BEFORE UPDATE ON evidence.journal_body
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- A text with its length in bytes before it, so that no two rows read alike; NULL is ``-,``.
CREATE FUNCTION evidence.netstring(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length(convert_to($1, 'UTF8')) || ':' || $1, '-') || ','
$$;

-- A time as microseconds since 1970, whatever the time zone of the session.
CREATE FUNCTION evidence.microseconds(timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (extract(epoch FROM $1) * 1000000)::bigint::text
$$;
"""


def upgrade() -> None:
    """Create the chain."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
