"""Tokens at the door: a secret gives one, one opens the door, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.evidence import audit, credentials
from hub.evidence.credentials import Kind
from hub.evidence.operators import Operator
from hub.http.keyfile import read_signing_key
from schemas.errors import Stop
from tests.support.http_site import HttpSite, http_site
from tests.support.intake_bench import START, Bench, sample

pytestmark = pytest.mark.database
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CONTRACT = sample("labour", "concluded.in.json")
GRANT = {"grant_type": "client_credentials"}


def pem(key: Any) -> bytes:
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made


@pytest.fixture
def site(bench: Bench, database_url: str, tmp_path: Path) -> Iterator[HttpSite]:
    file = tmp_path / "token.pem"
    file.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    senders: dict[str, Any] = {"labour": {}, "economy": {}, "health": {"authentication": "none"}}
    with http_site(bench, database_url, senders=senders, http={"token_key": file}) as opened:
        yield opened


@pytest.fixture
def secret(site: HttpSite) -> str:
    with site.bench.database.transaction() as tx:
        return credentials.issue(tx, "labour", Kind.HTTP, Operator("aysel"), START)


def ask(site: HttpSite, **given: Any) -> requests.Response:
    return requests.post(f"{site.url}/token", timeout=30, **given)


def bearer(answer: requests.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_secret_gives_a_token_and_the_token_opens_the_door(site: HttpSite, secret: str) -> None:
    answer = ask(site, data=GRANT, auth=("labour", secret))
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 300)
    assert answer.headers["Cache-Control"] == "no-store"
    sent = site.post("/intake/labour", CONTRACT, JSON, headers=bearer(answer))
    assert sent.status_code == 202
    with site.bench.database.transaction() as tx:
        (act,) = audit.about(tx, "ministry:labour")[1:]
    assert (act["actor"], act["action"]) == ("sender:labour", "token-issued")


def test_id_and_secret_may_be_in_the_form(site: HttpSite, secret: str) -> None:
    form = GRANT | {"client_id": "labour", "client_secret": secret}
    assert ask(site, data=form).status_code == 200


def test_a_token_is_for_its_own_ministry_and_for_a_short_time(site: HttpSite, secret: str) -> None:
    headers = bearer(ask(site, data=GRANT, auth=("labour", secret)))
    assert site.post("/intake/economy", CONTRACT, JSON, headers=headers).status_code == 403
    site.bench.now += timedelta(seconds=300 + 31)
    assert site.post("/intake/labour", CONTRACT, JSON, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("given", "status", "error"),
    [
        ({"data": GRANT, "auth": ("labour", "guessed")}, 401, "invalid_client"),
        ({"data": GRANT, "auth": ("economy", "guessed")}, 401, "invalid_client"),
        ({"data": GRANT, "auth": ("health", "guessed")}, 401, "invalid_client"),
        ({"data": GRANT, "auth": ("nobody", "guessed")}, 401, "invalid_client"),
        ({"data": GRANT}, 401, "invalid_client"),
        ({"data": GRANT, "headers": {"Authorization": "Basic !"}}, 401, "invalid_client"),
        ({"data": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({}, 400, "unsupported_grant_type"),
        ({"data": b"x" * 10_000}, 400, "invalid_request"),
        ({"data": b"\xff"}, 400, "invalid_request"),
    ],
)
def test_nothing_else_gives_a_token(
    site: HttpSite, secret: str, given: dict[str, Any], status: int, error: str
) -> None:
    answer = ask(site, **given)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_revoked_secret_gives_no_further_token(site: HttpSite, secret: str) -> None:
    with site.bench.database.transaction() as tx:
        credentials.revoke(tx, "labour", Kind.HTTP, Operator("aysel"), START)
    assert ask(site, data=GRANT, auth=("labour", secret)).status_code == 401


@pytest.mark.parametrize(
    "file",
    [
        b"nothing",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["no key", "another curve", "another kind"],
)
def test_a_key_that_cannot_sign_as_agreed_is_refused_at_the_start(file: bytes) -> None:
    with pytest.raises(Stop, match="TOKEN_KEY"):
        read_signing_key(file)


def test_without_a_key_the_door_gives_no_tokens(bench: Bench, database_url: str) -> None:
    with http_site(bench, database_url) as closed:
        assert ask(closed, data=GRANT).status_code == 404
