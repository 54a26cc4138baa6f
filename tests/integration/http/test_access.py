"""Who may speak for a ministry: by token, by certificate, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from hub.http.opening import open_door
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Unobserved
from schemas.errors import Stop
from tests.support.credentials import Authority, new_key, real_now, token, write_jwks
from tests.support.http_site import HttpSite, http_site
from tests.support.intake_bench import START, Bench, sample

pytestmark = pytest.mark.database
JSON = "application/json"
CONTRACT = sample("labour", "concluded.in.json")
BY_TOKEN = {
    "labour": {"subject": "labour-client"},
    "economy": {"subject": "economy-client"},
}


@dataclass
class Guarded:
    site: HttpSite
    key: ECKey
    jwks: Path

    def send(self, headers: dict[str, str], ministry: str = "labour") -> requests.Response:
        return self.site.post(f"/intake/{ministry}", CONTRACT, JSON, headers=headers)


@pytest.fixture
def guarded(bench: Bench, database_url: str, tmp_path: Path) -> Iterator[Guarded]:
    key = new_key()
    jwks = write_jwks(tmp_path / "jwks.json", key)
    with http_site(bench, database_url, senders=BY_TOKEN, http={"jwks": jwks}) as site:
        yield Guarded(site, key, jwks)


def test_a_token_for_us_with_the_ministry_as_its_subject_opens_the_door(guarded: Guarded) -> None:
    assert guarded.send(token(guarded.key, START)).status_code == 202


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"exp": int(START.timestamp()) - 60},
        {"exp": None},
        {"sub": None},
        {"nbf": int(START.timestamp()) + 600},
    ],
)
def test_a_token_that_is_not_for_us_here_and_now_does_not(
    guarded: Guarded, claims: dict[str, Any]
) -> None:
    answer = guarded.send(token(guarded.key, START, **claims))
    assert (answer.status_code, answer.json()["rule"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic bGFib3VyOng=",
        "Bearer ",
        "Bearer no.such.token",
        # {"alg":"none"} and right claims
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJsYWJvdXItY2xpZW50IiwiYXVkIjoicW92c2FxIn0.",
    ],
)
def test_what_is_no_signed_token_does_not(guarded: Guarded, header: str) -> None:
    assert guarded.send({"Authorization": header} if header else {}).status_code == 401


def test_a_token_signed_by_somebody_else_does_not(guarded: Guarded) -> None:
    assert guarded.send(token(new_key(), START)).status_code == 401


def test_nobody_speaks_for_another_ministry(guarded: Guarded) -> None:
    headers = token(guarded.key, START)
    answer = guarded.send(headers, "economy")
    assert (answer.status_code, answer.json()["rule"]) == (403, "forbidden")
    told = guarded.site.get("/intake/economy/messages/m-1", headers=headers)
    assert told.status_code == 403


def test_a_ministry_that_is_not_let_in_by_name_stays_outside(guarded: Guarded) -> None:
    assert guarded.send(token(guarded.key, START), "health").status_code == 404


def test_keys_are_rotated_without_a_restart(guarded: Guarded) -> None:
    fresh = new_key("k-2")
    assert guarded.send(token(fresh, START)).status_code == 401
    write_jwks(guarded.jwks, fresh)
    assert guarded.send(token(fresh, START)).status_code == 202
    assert guarded.send(token(guarded.key, START)).status_code == 401


def test_the_certificate_of_the_connection_names_the_ministry(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, real_now())
    certificate, key = authority.issue("door", "door")
    http = {"certificate": certificate, "private_key": key, "client_authorities": authority.file}
    labour = {"authentication": "certificate", "subject": "CN=labour,O=Sinaq"}
    with http_site(bench, database_url, http=http, senders={"labour": labour}) as site:

        def send(**given: Any) -> requests.Response:
            return site.post("/intake/labour", CONTRACT, JSON, verify=str(authority.file), **given)

        def issued(name: str) -> tuple[str, str]:
            one, other = authority.issue(name, name)
            return str(one), str(other)

        assert send(cert=issued("labour")).status_code == 202
        assert send(cert=issued("economy")).status_code == 403
        assert send().status_code == 401
        strangers = tmp_path / "strangers"
        strangers.mkdir()
        forged = Authority(strangers, real_now()).issue("labour", "labour")
        with pytest.raises(requests.ConnectionError):
            send(cert=tuple(map(str, forged)))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "nobody"),
        ({"senders": {"nobody": {"authentication": "none"}}}, "NOBODY"),
        ({"senders": {"labour": {}}}, "SUBJECT"),
        ({"senders": {"labour": {"subject": "x"}}}, "JWKS"),
        ({"senders": {"labour": {"authentication": "certificate", "subject": "CN=x"}}}, "AUTHORIT"),
        ({"senders": {"labour": {"authentication": "none", "signature": "jws"}}}, "SIGNATURE_KEYS"),
        (
            {"senders": {"labour": {"authentication": "none"}}, "http": {"host": "0.0.0.0"}},
            "open to this machine",
        ),
    ],
)
def test_a_door_whose_settings_do_not_say_who_may_enter_does_not_open(
    bench: Bench, database_url: str, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(Stop, match=named):
        open_door(
            Settings(**settings),
            connectors=bench.connectors,
            publisher=bench.bus.publisher(),
            database=lambda _: Database(database_url),
            observer=Unobserved(),
            clock=lambda: bench.now,
        )
