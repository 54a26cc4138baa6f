"""What is said of a database that does not answer: the reason, and no host, user or password."""

from __future__ import annotations

import psycopg
import pytest

from hub.store import database
from hub.store.database import Database
from schemas.errors import Unavailable


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://clerk:secret@/registry?host=/nowhere", "there is no server at its socket"),
        ("postgresql://clerk:secret@127.0.0.1:1/registry", "connection refused"),
        ("postgresql://clerk:secret@nowhere.invalid/registry", "its host has no address"),
    ],
)
def test_a_server_that_is_not_there_is_named_by_its_reason(url: str, said: str) -> None:
    store = Database(url)
    with pytest.raises(Unavailable) as raised, store.transaction():
        pass
    assert str(raised.value) == f"database: {said}"


@pytest.mark.parametrize("reason", database._REASONS)
def test_of_a_reason_among_other_things_the_reason_is_told(reason: str) -> None:
    error = psycopg.OperationalError(f'to server "db7", user "clerk": {reason}\n\tTST0001')
    told = database._describe(error)
    assert told == f"database: {database._REASONS[reason]}"


def test_of_a_text_nobody_foresaw_nothing_is_told() -> None:
    error = psycopg.OperationalError("TST0001 is on the list of clerk@db7")
    assert database._describe(error) == "database: it does not answer"
