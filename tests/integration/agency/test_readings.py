"""Roles read through functions only, and no row is given before its reading is on record."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from hub.agency import readers, views
from hub.agency.dictionary import dictionary
from hub.agency.readings import columns_for, schema_of
from hub.agency.request_register import RequestKind
from hub.agency.requests import Requests
from hub.evidence import audit, operators
from hub.evidence.declined import Declined
from hub.evidence.viewing import pseudonym
from hub.store.database import Database
from schemas.errors import Stop
from tests.integration.agency.samples import golden_events
from tests.integration.registry.events import fin_urn, turmoil
from tests.integration.registry.writing import NOW, put
from tests.support.database_role import url_as

pytestmark = pytest.mark.database

WORDS = dictionary()
PURPOSES = list(WORDS.purposes)
OF_PERSON = fin_urn("TST0001")


@dataclass
class Site:
    """A filled registry, its owner, and roles that may log in."""

    database: Database
    url: str
    token: str
    roles: dict[str, str]

    def role(self, purpose: str | None = None) -> str:
        name = f"qovsaq_test_{uuid.uuid4().hex[:12]}"
        self.owner(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'test'").format(sql.Identifier(name)))
        self.roles[name] = purpose or ""
        if purpose:
            self.grant(name, purpose)
        return name

    def grant(self, role: str, purpose: str) -> None:
        with self.database.transaction() as tx:
            readers.grant(tx, self.token, role, purpose, NOW)

    def owner(self, statement: LiteralString | sql.Composed) -> None:
        with self.database.transaction() as tx:
            tx.execute(statement)

    def connect(self, role: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(url_as(role, self.url), autocommit=True)

    def acts(self, view: str) -> list[dict[str, Any]]:
        with self.database.transaction() as tx:
            return [act for act in audit.about(tx, f"view:{view}") if act["action"] == "rows-read"]


@pytest.fixture
def site(database: Database, database_url: str) -> Iterator[Site]:
    put(database, *golden_events(), *turmoil(seed=3, size=60))
    with database.transaction() as tx:
        token = operators.add(tx, "root", None, NOW)
    made = Site(database, database_url, token, {})
    yield made
    for role in made.roles:
        made.owner(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))


def opened(
    connection: psycopg.Connection[tuple[Any, ...]],
    purpose: str,
    view: str,
    about: str | None = None,
) -> Any:
    statement = sql.SQL("SELECT {}.open(%s, 'a test', %s)").format(
        sql.Identifier(schema_of(purpose))
    )
    row = connection.execute(statement, [view, about]).fetchone()
    assert row is not None
    return row[0]


def rows(
    connection: psycopg.Connection[tuple[Any, ...]], purpose: str, view: str, reading: Any
) -> tuple[list[str], list[tuple[Any, ...]]]:
    name = sql.Identifier(schema_of(purpose), view)
    cursor = connection.execute(sql.SQL("SELECT * FROM {} (%s)").format(name), [reading])
    return [column.name for column in cursor.description or ()], cursor.fetchall()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_role_reads_every_view_of_its_purpose_with_its_columns_and_each_is_on_record(
    site: Site, purpose: str
) -> None:
    role = site.role(purpose)
    with site.connect(role) as connection:
        for name, view in WORDS.views.items():
            if purpose not in view.purposes:
                with pytest.raises(psycopg.Error, match="view-unknown"):
                    opened(connection, purpose, name)
                continue
            reading = opened(connection, purpose, name)
            columns, found = rows(connection, purpose, name, reading)
            assert columns == list(columns_for(view, purpose))
            assert found or name.startswith("analysis")
            (act,) = site.acts(name)
            assert (act["actor"], act["basis"]) == (f"reader:{role}", f"purpose:{purpose}")
            assert act["detail"]["scope"] == ("bulk" if view.about else "no-person")


def test_what_a_purpose_does_not_need_it_does_not_see() -> None:
    of_taxpayers = WORDS.views["tax_registrations"]
    hidden = columns_for(of_taxpayers, "finance").keys() - columns_for(of_taxpayers, "statistics")
    assert hidden == {"legal_name", "person", "registered_address"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_table_and_no_view_and_no_function_of_another_purpose_can_be_read(
    site: Site, purpose: str
) -> None:
    role = site.role(purpose)
    with site.database.transaction() as tx:
        tables = tx.rows(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'p') AND n.nspname IN"
            " ('registry', 'published', 'evidence', 'agency', 'outbound', 'desk')"
        )
        functions = tx.rows(
            "SELECT n.nspname, p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n"
            " ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
            " AND has_schema_privilege(%s, n.oid, 'USAGE')"
            " AND has_function_privilege(%s, p.oid, 'EXECUTE') AND n.nspname <> 'public'",
            [role, role],
        )
    assert len(tables) > 50
    assert {row["nspname"] for row in functions} == {schema_of(purpose)}
    with site.connect(role) as connection:
        for row in tables:
            name = sql.Identifier(row["nspname"], row["relname"])
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("SELECT * FROM {}").format(name))


def test_a_reading_whose_opening_could_still_be_taken_back_gives_no_row(site: Site) -> None:
    role = site.role("insurance")
    with site.connect(role) as connection:
        with pytest.raises(psycopg.Error, match="reading-uncommitted"), connection.transaction():
            rows(connection, "insurance", "contracts", opened(connection, "insurance", "contracts"))
        with connection.transaction(force_rollback=True):
            with connection.transaction():  # a savepoint changes nothing
                reading = opened(connection, "insurance", "contracts")
            with pytest.raises(psycopg.Error, match="reading-uncommitted"):
                rows(connection, "insurance", "contracts", reading)
        assert site.acts("contracts") == []
        with connection.transaction(force_rollback=True):
            reading = opened(connection, "insurance", "contracts")
        with pytest.raises(psycopg.Error, match="reading-unknown"):
            rows(connection, "insurance", "contracts", reading)
    assert site.acts("contracts") == []


def test_a_reading_is_good_for_its_own_role_view_and_purpose_only(site: Site) -> None:
    first, second = site.role("insurance"), site.role("insurance")
    with site.connect(first) as ours, site.connect(second) as theirs:
        reading = opened(ours, "insurance", "contracts")
        for connection, view in ((theirs, "contracts"), (ours, "documents")):
            with pytest.raises(psycopg.Error, match="reading-unknown"):
                rows(connection, "insurance", view, reading)
        with pytest.raises(psycopg.Error, match="reading-unknown"):
            rows(ours, "insurance", "contracts", uuid.uuid4())


def test_a_reading_of_one_person_gives_that_persons_rows_and_names_them_by_a_hash(
    site: Site,
) -> None:
    role = site.role("insurance")
    with site.connect(role) as connection:
        reading = opened(connection, "insurance", "contracts", OF_PERSON)
        columns, found = rows(connection, "insurance", "contracts", reading)
    assert {row[columns.index("person")] for row in found} == {"TST0001"}
    (act,) = site.acts("contracts")
    with site.database.transaction() as tx:
        assert act["detail"]["about"] == pseudonym(tx, OF_PERSON)
    assert act["detail"]["scope"] == "one-person"
    assert "TST0001" not in str(act)


@pytest.mark.parametrize(
    ("view", "about", "reason", "rule"),
    [
        ("contracts", "TST0001", "a test", "about"),
        ("policyholders", OF_PERSON, "a test", "about"),
        ("contracts", None, "  ", "reason-missing"),
        ("contracts", None, None, "reason-missing"),
        ("open", None, "a test", "view-unknown"),
        ("contracts'; DROP TABLE x; --", None, "a test", "view-unknown"),
    ],
)
def test_what_cannot_be_opened_is_refused(
    site: Site, view: str, about: str | None, reason: str | None, rule: str
) -> None:
    role = site.role("insurance")
    with site.connect(role) as connection, pytest.raises(psycopg.Error, match=rule):
        connection.execute("SELECT read_insurance.open(%s, %s, %s)", [view, reason, about])


def test_who_is_blocked_is_not_given(site: Site) -> None:
    role = site.role("insurance")
    with site.database.transaction() as tx:
        work = Requests(tx, site.token, NOW, four_eyes=False)
        asked = work.open(RequestKind.BLOCKING, OF_PERSON, "a letter")
        work.grant(asked.request_id, "founded")
    with site.connect(role) as connection:
        reading = opened(connection, "insurance", "contracts")
        columns, found = rows(connection, "insurance", "contracts", reading)
    assert found
    assert "TST0001" not in {row[columns.index("person")] for row in found}


def test_the_past_is_read_as_the_views_have_it(site: Site) -> None:
    role = site.role("insurance")
    statement = "SELECT read_insurance.open('contracts', 'a test', NULL, %s, %s)"
    with site.connect(role) as connection:
        for moment, there in (("infinity", True), ("1999-01-01", False)):
            (reading,) = connection.execute(statement, [moment, moment]).fetchone() or (None,)
            _, found = rows(connection, "insurance", "contracts", reading)
            assert bool(found) is there


def test_rights_survive_that_the_views_are_made_again(site: Site) -> None:
    role = site.role("finance")
    site.owner("COMMENT ON SCHEMA published IS 'of another release'")
    with site.database.transaction() as tx:
        assert views.sync(tx)
    with site.connect(role) as connection:
        assert rows(connection, "finance", "premiums", opened(connection, "finance", "premiums"))


def test_a_role_that_could_read_past_the_record_is_not_taken(site: Site) -> None:
    role = site.role()
    for statement, undo in (
        ("GRANT SELECT ON registry.person TO {0}; GRANT USAGE ON SCHEMA registry TO {0}",
         "REVOKE ALL ON registry.person FROM {0}; REVOKE ALL ON SCHEMA registry FROM {0}"),
        ("ALTER ROLE {0} SUPERUSER", "ALTER ROLE {0} NOSUPERUSER"),
    ):  # fmt: skip
        site.owner(sql.SQL(statement).format(sql.Identifier(role)))
        with pytest.raises(Stop, match="the role"):
            site.grant(role, "insurance")
        site.owner(sql.SQL(undo).format(sql.Identifier(role)))
    site.grant(role, "insurance")
    with pytest.raises(Stop, match="no such role"):
        site.grant("nobody_of_that_name", "insurance")
    with pytest.raises(Declined, match="purpose-unknown"):
        site.grant(role, "curiosity")


def test_another_purpose_takes_the_place_of_the_first_and_a_revoked_role_reads_nothing(
    site: Site,
) -> None:
    role = site.role("insurance")
    site.grant(role, "finance")
    with site.connect(role) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            opened(connection, "insurance", "contracts")
        reading = opened(connection, "finance", "premiums")
        with site.database.transaction() as tx:
            readers.revoke(tx, site.token, role, NOW)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(connection, "finance", "premiums", reading)
    with site.database.transaction() as tx:
        assert readers.known(tx) == []
        acts = [act["action"] for act in audit.about(tx, f"role:{role}")]
        (told,) = readers.log(tx, 10)
    assert acts == ["reader-added", "reader-added", "reader-removed"]
    assert (told["view"], told["scope"]) == ("premiums", "no-person")
