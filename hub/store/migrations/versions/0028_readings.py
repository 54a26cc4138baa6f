"""Readings: rows given to database roles, each on record before any row is."""

from alembic import op

revision = "0028"
down_revision = "0027"

STATEMENTS = """
-- Which role reads for which purpose; the rights are given from here whenever views are made again.
CREATE TABLE agency.reader (
    role     name PRIMARY KEY,
    purpose  text COLLATE "C" NOT NULL,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL
);

-- A reading that was opened: who, for what, of whom (NULL: of everybody), as of when.
CREATE TABLE agency.reading (
    reading_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    role       name NOT NULL,
    purpose    text COLLATE "C" NOT NULL,
    view       text COLLATE "C" NOT NULL,
    about      text COLLATE "C",
    scope      text NOT NULL CHECK (scope IN ('one-person', 'bulk', 'no-person')),
    reason     text NOT NULL,
    as_of      timestamptz,
    known_at   timestamptz,
    opened_at  timestamptz NOT NULL,
    opened_in  xid8 NOT NULL
);
CREATE INDEX reading_opened ON agency.reading (opened_at);
CREATE INDEX reading_about ON agency.reading (about) WHERE about IS NOT NULL;
CREATE TRIGGER reading_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agency.reading
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.forbid_change();

-- HMAC-SHA256 under the pepper, as hub.evidence.viewing.pseudonym: a person's name in the audit.
CREATE FUNCTION agency.pseudonym(urn text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    key   bytea := (SELECT value FROM evidence.pepper);
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. octet_length(key) - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
        outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
    END LOOP;
    RETURN 'person:' || encode(
        sha256(outer_pad || sha256(inner_pad || convert_to(urn, 'UTF8'))), 'hex');
END $$;

CREATE FUNCTION agency.open_reading(purpose text, view text, about_column text, reason text,
    about text, as_of timestamptz, known_at timestamptz) RETURNS uuid
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
DECLARE
    opened agency.reading;
BEGIN
    IF to_regprocedure(format('%I.%I(uuid)', 'read_' || purpose, view)) IS NULL THEN
        RAISE 'view-unknown: nothing of that name is read for this purpose' USING ERRCODE = '42501';
    END IF;
    IF coalesce(length(btrim(reason)), 0) NOT BETWEEN 3 AND 500 THEN
        RAISE 'reason-missing: say what for, in 3 to 500 characters' USING ERRCODE = '22023';
    END IF;
    IF about IS NOT NULL AND (about_column IS NULL OR about !~ '^urn:.+:[^:]+$') THEN
        RAISE 'about: the URN of a person, of a view that tells of persons' USING ERRCODE = '22023';
    END IF;
    INSERT INTO agency.reading AS r (role, purpose, view, about, scope, reason, as_of, known_at,
        opened_at, opened_in)
    VALUES (session_user, purpose, view, about,
        CASE WHEN about IS NOT NULL THEN 'one-person'
             WHEN about_column IS NULL THEN 'no-person' ELSE 'bulk' END,
        btrim(reason), as_of, known_at, clock_timestamp(), pg_current_xact_id())
    RETURNING * INTO opened;
    INSERT INTO evidence.audit (at, actor, action, object, reason, detail, basis, outcome)
    VALUES (opened.opened_at, 'reader:' || session_user, 'rows-read', 'view:' || view,
        opened.reason,
        jsonb_strip_nulls(jsonb_build_object('reading', opened.reading_id, 'scope', opened.scope,
            'about', agency.pseudonym(about), 'asOf', as_of, 'knownAt', known_at)),
        'purpose:' || purpose, 'done');
    RETURN opened.reading_id;
END $$;

-- A reading counts once its opening is committed: what could still be rolled back is no record.
CREATE FUNCTION agency.opened_reading(reading uuid, for_purpose text, of_view text)
RETURNS agency.reading
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    opened agency.reading;
BEGIN
    SELECT * INTO opened FROM agency.reading r
    WHERE r.reading_id = reading AND r.role = session_user
      AND r.purpose = for_purpose AND r.view = of_view;
    IF NOT FOUND THEN
        RAISE 'reading-unknown: open one for this view first' USING ERRCODE = '42501';
    END IF;
    IF opened.opened_in IS NOT DISTINCT FROM pg_current_xact_id_if_assigned() THEN
        RAISE 'reading-uncommitted: commit its opening first' USING ERRCODE = '25000';
    END IF;
    IF opened.opened_at < clock_timestamp() - interval '1 hour' THEN
        RAISE 'reading-over: it was good for an hour; open another one' USING ERRCODE = '42501';
    END IF;
    RETURN opened;
END $$;

REVOKE EXECUTE ON FUNCTION agency.pseudonym(text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION
    agency.open_reading(text, text, text, text, text, timestamptz, timestamptz) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION agency.opened_reading(uuid, text, text) FROM PUBLIC;
"""


def upgrade() -> None:
    """Create tables and functions."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
