"""Days of message bodies that may go, dropped with the owner's rights by a guarded function."""

from alembic import op

revision = "0029"
down_revision = "0028"

STATEMENTS = """
-- Drops the bodies of one day (Baku), and says so in the audit, whoever asks. What the journal says
-- of them, their SHA-256 among it, stays. A day is kept for as long as a record of it is on its way
-- or parked, and for 30 days in any case: no process that was taken over can take fresh evidence
-- away. Returns how many bodies went, at most ``most`` of those without a partition of their own.
CREATE FUNCTION evidence.drop_bodies(day date, most integer, actor text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, evidence SET lock_timeout = '2s' AS $$
DECLARE
    name text := 'journal_body_' || to_char(day, 'YYYYMMDD');
    gone bigint := 0;
    taken bigint;
BEGIN
    IF day > (now() AT TIME ZONE 'Asia/Baku')::date - 30 THEN
        RAISE EXCEPTION 'bodies of the last 30 days are kept';
    END IF;
    IF EXISTS (
        SELECT FROM evidence.record_log l JOIN evidence.journal j USING (journal_id)
        WHERE l.state IN ('received', 'retrying', 'parked')
          AND (j.received_at AT TIME ZONE 'Asia/Baku')::date = day) THEN
        RETURN 0;
    END IF;
    IF to_regclass('evidence.' || name) IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM evidence.%I', name) INTO gone;
        EXECUTE format('DROP TABLE evidence.%I', name);
    END IF;
    DELETE FROM evidence.journal_body_other o USING (
        SELECT journal_id FROM evidence.journal_body_other WHERE received_on = day LIMIT most) d
    WHERE o.received_on = day AND o.journal_id = d.journal_id;
    GET DIAGNOSTICS taken = ROW_COUNT;
    gone := gone + taken;
    IF gone > 0 THEN
        INSERT INTO evidence.audit (at, actor, action, object, reason, detail)
        VALUES (clock_timestamp(), actor, 'bodies-dropped', 'journal-day:' || day, NULL,
                jsonb_build_object('bodies', gone));
    END IF;
    RETURN gone;
END $$;
REVOKE EXECUTE ON FUNCTION evidence.drop_bodies(date, integer, text) FROM PUBLIC;

-- The days up to ``last`` that have bodies, or a partition for them.
CREATE FUNCTION evidence.body_days(last date) RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, evidence AS $$
    SELECT received_on FROM (
        SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS received_on
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'evidence.journal_body'::regclass
          AND c.relname ~ '^journal_body_[0-9]{8}$'
        UNION SELECT received_on FROM evidence.journal_body_other
    ) AS days WHERE received_on <= last ORDER BY 1
$$;
REVOKE EXECUTE ON FUNCTION evidence.body_days(date) FROM PUBLIC;
"""


def upgrade() -> None:
    """Create the functions."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
