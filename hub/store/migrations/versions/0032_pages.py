"""Pages of the ledger and of bodies' accounts: what has come to rest is counted once."""

from alembic import op

revision = "0032"
down_revision = "0031"

STATEMENTS = """
-- A page is 512 messages in a row, by ``journal_id``. Once all its records rest it is closed: its
-- sums are kept and carried forward, and whoever changes one of its records opens it again.
CREATE FUNCTION evidence.page_size() RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 512;

-- ``sums``: arrays of ministry, what is counted (hub.evidence.pages) and how many. ``closing``
-- tells apart what was closed, opened and closed again. ``first`` and ``last``: when the first and
-- the last of its ``records`` were settled; NULL without any.
CREATE TABLE evidence.page (
    page    bigint PRIMARY KEY,
    closing bigint GENERATED ALWAYS AS IDENTITY,
    records integer NOT NULL,
    first   timestamptz,
    last    timestamptz,
    sums    jsonb NOT NULL
);
-- Pages that were opened since. A row of its own and not a DELETE: two who open pages in another
-- order must not wait for each other. Whoever closes pages clears them away.
CREATE TABLE evidence.page_opened (page bigint NOT NULL);
CREATE INDEX page_opened_page ON evidence.page_opened (page);

CREATE VIEW evidence.closed_page AS
SELECT * FROM evidence.page p
WHERE NOT EXISTS (SELECT FROM evidence.page_opened o WHERE o.page = p.page);

-- The page that is being written; NULL before the first message.
CREATE FUNCTION evidence.last_page() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE RETURN greatest(
    (SELECT max(journal_id) FROM evidence.journal),
    (SELECT max(journal_id) FROM evidence.record_log)) / evidence.page_size();

-- Rows that are new. Whoever writes into a page shares its lock until commit; whoever closes it
-- takes that alone, first, so that no row can be on its way into what is being counted.
CREATE FUNCTION evidence.open_written_pages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    touched bigint;
BEGIN
    FOR touched IN
        SELECT DISTINCT journal_id / evidence.page_size() FROM written ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('evidence.page'), touched::integer);
        INSERT INTO evidence.page_opened SELECT page FROM evidence.page WHERE page = touched;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_opens_pages AFTER INSERT ON evidence.journal
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.open_written_pages();
CREATE TRIGGER record_log_opens_pages AFTER INSERT ON evidence.record_log
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION evidence.open_written_pages();

-- Rows that change after they came to rest. One lock for all pages: they may be anywhere.
CREATE FUNCTION evidence.open_page() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('evidence.page'), -1);
    INSERT INTO evidence.page_opened
    SELECT page FROM evidence.closed_page WHERE page = OLD.journal_id / evidence.page_size();
    RETURN NULL;
END $$;
CREATE TRIGGER journal_opens_page AFTER UPDATE ON evidence.journal
    FOR EACH ROW
    WHEN ((OLD.records, OLD.arrivals) IS DISTINCT FROM (NEW.records, NEW.arrivals))
    EXECUTE FUNCTION evidence.open_page();
CREATE TRIGGER record_log_opens_page AFTER UPDATE ON evidence.record_log
    FOR EACH ROW
    WHEN (OLD.state NOT IN ('received', 'retrying') AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION evidence.open_page();
CREATE TRIGGER record_log_deleted_opens_page AFTER DELETE ON evidence.record_log
    FOR EACH ROW EXECUTE FUNCTION evidence.open_page();

-- A body's account of a page. ``closing`` is that of the page it was drawn from: a page that was
-- opened is no basis any more. ``complete``: all that a body may ever get of it, it was told of.
CREATE TABLE outbound.page (
    subscriber text COLLATE "C" NOT NULL,
    page       bigint NOT NULL,
    closing    bigint NOT NULL,
    complete   boolean NOT NULL,
    places     jsonb NOT NULL,
    PRIMARY KEY (subscriber, page)
);
CREATE INDEX page_incomplete ON outbound.page (subscriber) WHERE NOT complete;

CREATE VIEW outbound.closed_page AS
SELECT o.* FROM outbound.page o JOIN evidence.closed_page e USING (page, closing);

-- Custody that is new, in pages which a body was not told of as a whole; a backfill does that.
CREATE FUNCTION outbound.open_written_pages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    body text;
BEGIN
    FOR body IN SELECT DISTINCT subscriber FROM written ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('outbound.page'), hashtext(body));
        IF EXISTS (SELECT FROM outbound.page WHERE subscriber = body AND NOT complete) THEN
            DELETE FROM outbound.page WHERE subscriber = body AND page IN (
                SELECT log.journal_id / evidence.page_size()
                FROM written w JOIN evidence.record_log log USING (record_id)
                WHERE w.subscriber = body);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER custody_opens_pages AFTER INSERT ON outbound.custody
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION outbound.open_written_pages();

-- Custody that changes after it came to rest.
CREATE FUNCTION outbound.open_changed_pages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    body text;
BEGIN
    FOR body IN SELECT DISTINCT subscriber FROM before ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('outbound.page'), hashtext(body));
        DELETE FROM outbound.page WHERE subscriber = body AND page IN (
            SELECT log.journal_id / evidence.page_size()
            FROM before b
            JOIN changed c USING (subscriber, record_id)
            JOIN evidence.record_log log USING (record_id)
            WHERE b.subscriber = body AND b.state <> 'retrying'
              AND (b.state, b.delivery_id) IS DISTINCT FROM (c.state, c.delivery_id));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER custody_changes_open_pages AFTER UPDATE ON outbound.custody
    REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION outbound.open_changed_pages();

-- What a body is told of, and since when.
CREATE FUNCTION outbound.open_all_pages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('outbound.page'), hashtext(OLD.name));
    DELETE FROM outbound.page WHERE subscriber = OLD.name;
    RETURN NULL;
END $$;
CREATE TRIGGER subscriber_opens_pages AFTER UPDATE ON outbound.subscriber
    FOR EACH ROW WHEN ((OLD.document, OLD.since) IS DISTINCT FROM (NEW.document, NEW.since))
    EXECUTE FUNCTION outbound.open_all_pages();

REVOKE EXECUTE ON FUNCTION evidence.open_written_pages(), evidence.open_page() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION outbound.open_written_pages(), outbound.open_changed_pages(),
    outbound.open_all_pages() FROM PUBLIC;
"""


def upgrade() -> None:
    """Create pages, and what opens them again."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
