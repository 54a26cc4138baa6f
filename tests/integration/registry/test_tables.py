"""Typed tables: derived, only ever added to, and never at odds with the records."""

from __future__ import annotations

from typing import Any

import pytest

from hub.registry.tables import KEY, OPERATION, STATE, Column, columns, sync
from hub.store.database import Database
from schemas.catalogue import records
from schemas.errors import Stop
from schemas.person import Person
from schemas.record import CanonicalRecord, Category

pytestmark = pytest.mark.database


def described(**fields: Any) -> type[CanonicalRecord]:
    """A record type ``sample`` with an ``id`` and the given fields, all optional."""
    body: dict[str, Any] = {"__annotations__": {"id": str} | fields, "record_type": "sample"}
    body |= {"category": Category.C412, "__module__": __name__} | dict.fromkeys(fields)
    return type("Sample", (CanonicalRecord,), body)


def test_a_new_record_gets_its_tables_and_a_new_field_its_column(database: Database) -> None:
    with database.transaction() as tx:
        added = sync(tx, {"sample": described(height=int | None)})
    assert added == [
        "registry.sample",
        "registry.sample.height",
        "registry.sample.id",
        "registry.sample_history",
    ]
    with database.transaction() as tx:
        assert sync(tx, {"sample": described(height=int | None)}) == []
        more = {"sample": described(height=int | None, weight=float | None)}
        assert sync(tx, more) == ["registry.sample.weight"]


def test_a_new_column_knows_what_older_rows_say(database: Database) -> None:
    with database.transaction() as tx:
        sync(tx, {"sample": described()})
        tx.execute(
            "INSERT INTO registry.sample (ministry, subject, fact_key, data, changed_at)"
            """ VALUES ('m', 's', '', '{"id": "1", "height": 180}', now())"""
        )
        sync(tx, {"sample": described(height=int | None)})
        assert tx.rows("SELECT height FROM registry.sample") == [{"height": 180}]


def test_a_field_that_changed_its_type_stops_the_release(database: Database) -> None:
    with database.transaction() as tx:
        sync(tx, {"sample": described(height=int | None)})
    with pytest.raises(Stop, match="height"), database.transaction() as tx:
        sync(tx, {"sample": described(height=str | None)})


def test_a_field_named_like_a_column_of_every_table_stops_the_release(database: Database) -> None:
    with pytest.raises(Stop, match="standing"), database.transaction() as tx:
        sync(tx, {"sample": described(standing=str | None)})


def test_the_test_database_has_every_column_of_every_record(database: Database) -> None:
    with database.transaction() as tx:
        assert sync(tx, records()) == []


def test_no_record_uses_a_name_that_the_tables_need() -> None:
    reserved = {*KEY, *OPERATION, *STATE, "changed_at"}
    taken = {column.name for record in records().values() for column in columns(record)}
    assert not reserved & taken


def test_columns_follow_the_fields() -> None:
    found = {column.name: column for column in columns(Person)}
    assert found["date_of_death"].type == "date"
    assert found["date_of_birth"].type == "text"
    assert found["sex"].type == "text"
    assert found["domicile"].type == found["citizenship"].type == "jsonb"
    assert found["given_name"] == Column("given_name", "givenName", "text", "data ->> {key}")
    assert {"identifier", "identifier_urn"} <= set(found)
