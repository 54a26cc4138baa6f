"""What looking needs: who sees masked, under which name a person stands in the audit, each retry,
and of whom facts once spoke."""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = """
-- Who is masked sees how a record fared, and not whom it is about.
ALTER TABLE desk.operator ADD COLUMN masked boolean NOT NULL DEFAULT false;

-- In the audit a person stands under a keyed hash of the identifier: a copy of the audit without
-- this key tells nobody whose data was looked at. Two random UUIDs have 244 random bits.
CREATE TABLE evidence.pepper (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    value    bytea NOT NULL
);
INSERT INTO evidence.pepper (value)
SELECT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));
CREATE TRIGGER pepper_kept BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON evidence.pepper
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- Each time a record was put on the retry ladder.
CREATE TABLE evidence.retry (
    record_id uuid NOT NULL,
    noted_at  timestamptz NOT NULL,
    attempts  smallint,
    cause     text,
    due       timestamptz,
    PRIMARY KEY (record_id, noted_at)
);
CREATE TRIGGER retry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.retry
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- Facts that spoke of a subject, or linked it, and do so no more: what was known of it then must
-- be found. Rows come when a claim or a link is withdrawn, and stay.
CREATE TABLE registry.former (
    subject      text COLLATE "C" NOT NULL,
    record_type  text COLLATE "C" NOT NULL,
    ministry     text COLLATE "C" NOT NULL,
    fact_subject text COLLATE "C" NOT NULL,
    fact_key     text COLLATE "C" NOT NULL,
    PRIMARY KEY (subject, record_type, ministry, fact_subject, fact_key)
);
"""


def upgrade() -> None:
    """Add columns and tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
