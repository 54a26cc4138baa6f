"""A database that refuses what would change the journal or the record log, so many times."""

from __future__ import annotations

import uuid

import psycopg
from psycopg import sql

ALWAYS = 1 << 62
_READY = """
CREATE TABLE public.refusal (application text, code text, times bigint, counter regclass);
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted public.refusal;
BEGIN
    SELECT * INTO wanted FROM public.refusal
    WHERE current_setting('application_name') LIKE application;
    -- A sequence counts also what is rolled back.
    IF FOUND AND nextval(wanted.counter) <= wanted.times THEN
        RAISE EXCEPTION 'refused by a test' USING ERRCODE = wanted.code;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refuse AFTER INSERT ON evidence.journal
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse();
CREATE TRIGGER refuse AFTER UPDATE ON evidence.record_log
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse();
"""


def prepare(url: str) -> None:
    """Make a database able to refuse."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_READY)


def refuse(url: str, code: str, times: int = ALWAYS, *, application: str = "%") -> None:
    """Refuse the next statements of an application (a pattern of LIKE) with an SQLSTATE."""
    counter = f"refused_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SEQUENCE {}").format(sql.Identifier(counter)))
        connection.execute(
            "INSERT INTO public.refusal VALUES (%s, %s, %s, %s)",
            [application, code, times, counter],
        )


def relent(url: str) -> None:
    """Refuse nothing any more."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM public.refusal")
