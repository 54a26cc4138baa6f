"""Who may look up: by token, by certificate, as often as agreed, and nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from hub.lookup.opening import open_lookup
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Unobserved
from schemas.errors import Stop
from tests.support.credentials import Authority, new_key, real_now, token, write_jwks
from tests.support.lookup_site import FIN, PURPOSE, LookupSite, lookup_site
from tests.support.outbound_bench import BODY, START, OutboundBench

pytestmark = pytest.mark.database
PERSON = f"/v1/persons/{FIN}"


def rule(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.mark.parametrize(
    "claims",
    [{"aud": "somebody-else"}, {"exp": int(START.timestamp()) - 60}, {"sub": None}],
)
def test_a_token_that_is_not_for_us_here_and_now_is_none(
    site: LookupSite, claims: dict[str, Any]
) -> None:
    headers = PURPOSE | token(site.key, START, **({"sub": "pensions-client"} | claims))
    answer = site.get(PERSON, headers)
    assert rule(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_token_and_a_stranger_s_token_are_none(site: LookupSite) -> None:
    assert rule(site.get(PERSON, PURPOSE)) == (401, "unauthenticated")
    stranger = PURPOSE | token(new_key(), START, sub="pensions-client")
    assert rule(site.get(PERSON, stranger)) == (401, "unauthenticated")


def test_who_is_known_but_no_reader_may_not_look_up(site: LookupSite) -> None:
    headers = PURPOSE | token(site.key, START, sub="labour-client")
    assert rule(site.get(PERSON, headers)) == (403, "forbidden")


def test_nobody_looks_up_more_often_than_agreed(bench: OutboundBench, tmp_path: Path) -> None:
    readers = {BODY: {"subject": "pensions-client", "burst": 2, "requests_per_minute": 1}}
    with lookup_site(bench, tmp_path, readers=readers) as site:
        answers = [site.get(PERSON) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert rule(answers[-1]) == (429, "quota-exceeded")
    assert int(answers[-1].headers["Retry-After"]) > 1


def test_the_certificate_of_the_connection_names_the_reader(
    bench: OutboundBench, tmp_path: Path
) -> None:
    bench.grant()
    authority = Authority(tmp_path, real_now())
    certificate, key = authority.issue("service", "service")
    lookup = {
        "certificate": certificate,
        "private_key": key,
        "client_authorities": authority.file,
    }
    readers = {BODY: {"authentication": "certificate", "subject": "CN=pensions,O=Sinaq"}}
    with lookup_site(bench, tmp_path, lookup=lookup, readers=readers) as site:

        def ask(name: str | None) -> requests.Response:
            issued = tuple(map(str, authority.issue(name, name))) if name else None
            return site.get(PERSON, PURPOSE, cert=issued, verify=str(authority.file))

        assert ask("pensions").status_code == 200
        assert rule(ask("labour")) == (403, "forbidden")
        assert rule(ask(None)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "nobody"),
        ({"readers": {"fund": {}}}, "QOVSAQ_READERS__FUND__SUBJECT"),
        ({"readers": {"fund": {"subject": "x"}}}, "QOVSAQ_LOOKUP__JWKS"),
        (
            {"readers": {"fund": {"subject": "CN=x", "authentication": "certificate"}}},
            "QOVSAQ_LOOKUP__CLIENT_AUTHORITIES",
        ),
        ({"readers": {"a": {"subject": "x"}, "b": {"subject": "x"}}}, "another reader"),
        (
            {"readers": {"fund": {"subject": "x"}}, "outbound": {"ehis_only": "fund"}},
            "QOVSAQ_OUTBOUND__EHIS_ONLY",
        ),
        ({"lookup": {"host": "0.0.0.0"}, "readers": {"fund": {"subject": "x"}}}, "TLS"),
    ],
)
def test_a_service_whose_settings_do_not_say_who_may_ask_does_not_open(
    bench: OutboundBench, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(Stop, match=named):
        open_lookup(
            Settings(**given),
            database=lambda _: Database(bench.url),
            observer=Unobserved(),
            clock=bench.clock,
        )


def test_the_description_is_open_to_everybody(site: LookupSite) -> None:
    described = site.get("/openapi.json", {}).json()
    assert set(described["paths"]) == {
        "/v1/persons/{fin}",
        "/v1/persons",
        "/v1/legal-entities/{voen}",
        "/v1/changes",
    }


def test_keys_are_rotated_without_a_restart(site: LookupSite, tmp_path: Path) -> None:
    fresh = new_key("k-2")
    headers = PURPOSE | token(fresh, START, sub="pensions-client")
    assert site.get(PERSON, headers).status_code == 401
    write_jwks(tmp_path / "jwks.json", fresh)
    assert site.get(PERSON, headers).status_code == 403
