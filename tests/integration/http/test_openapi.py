"""The door is as its OpenAPI description says: every address, and every answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jsonschema import Draft202012Validator
from starlette.routing import Route

from connectors._ehis.envelope import Exchange, make_envelope
from connectors._kit.discover import discover
from hub.evidence import credentials
from hub.evidence.credentials import Kind
from hub.evidence.operators import Operator
from hub.http import openapi
from hub.http.opening import open_door
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Unobserved
from tests.support.http_site import HttpSite, http_site
from tests.support.intake_bench import START, Bench, sample

pytestmark = pytest.mark.database
PROBLEM = "application/problem+json"
JSON, XML, SOAP = "application/json", "application/xml", "text/xml"
CONTRACT = sample("labour", "concluded.in.json")
NO_DATE = CONTRACT.replace(b'"startsOn": "2026-03-09"', b'"startsOn": "soon"')
BOTH = b'{"notices": [%b, %b]}' % (CONTRACT, NO_DATE)
LINE = CONTRACT.replace(b"\n", b" ") + b"\n"
EXCHANGE = make_envelope(Exchange("c-1", "s-1", "labour", "qovsaq", JSON, CONTRACT, "m-2"))
OPEN = {"authentication": "none"}
SENDERS: dict[str, Any] = {"labour": OPEN, "interior": OPEN, "ehis": OPEN, "economy": {}}
INTAKE = "/intake/{ministry}"
FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def token_key(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "token.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


@pytest.fixture
def site(bench: Bench, database_url: str, token_key: Path) -> Iterator[HttpSite]:
    given: dict[str, Any] = {"senders": SENDERS, "http": {"token_key": token_key}}
    with http_site(bench, database_url, **given) as opened:
        yield opened


@pytest.mark.parametrize("tokens", [True, False])
def test_every_address_is_described_and_none_that_is_not_there(
    bench: Bench, database_url: str, token_key: Path, tokens: bool
) -> None:
    http = {"token_key": token_key} if tokens else {}
    worker = open_door(
        Settings(senders={"labour": OPEN}, http=http),
        connectors=discover(),
        publisher=bench.bus.publisher(),
        database=lambda purpose: Database(database_url, application_name=purpose),
        observer=Unobserved(),
        clock=lambda: START,
        ehis_only=frozenset(),
    )
    there = {
        (route.path.replace(":path", ""), method)
        for route in worker.app.routes
        if isinstance(route, Route) and route.path != "/openapi.json"
        for method in (route.methods or set()) - {"HEAD"}
    }
    worker.close()
    described = openapi.document(discover(), tokens=tokens)["paths"]
    assert there == {
        (path, method.upper())
        for path, operations in described.items()
        for method in operations.keys() - {"parameters"}
    }


def test_the_parts_of_the_description_are_schemas() -> None:
    for schema in openapi.document(discover(), tokens=True)["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_answer_is_one_that_is_described(site: HttpSite) -> None:
    with site.bench.database.transaction() as tx:
        secret = credentials.issue(tx, "economy", Kind.HTTP, Operator("aysel"), START)
    asked = Asking(site, site.get("/openapi.json").json())
    labour, described = "/intake/labour", "application/x-ndjson"
    named = {"Message-Id": "m-1"}
    asked(202, "post", INTAKE, labour, data=BOTH, type=JSON, headers=named)
    asked(422, "post", INTAKE, labour, data=NO_DATE, type=JSON)
    asked(400, "post", INTAKE, labour, data=b"{", type=JSON)
    asked(415, "post", INTAKE, labour, data=b"{", type="text/csv")
    asked(404, "post", INTAKE, "/intake/nobody", data=b"{", type=JSON)
    asked(401, "post", INTAKE, "/intake/economy", data=b"{", type=JSON)
    asked(500, "post", INTAKE, "/intake/interior", data=b"<a/>", type=SOAP)
    asked(400, "post", INTAKE, "/intake/interior", data=b"<a/>", type="application/soap+xml")
    asked(200, "get", INTAKE, labour)
    asked(200, "get", INTAKE, "/intake/interior?wsdl")
    asked(404, "get", INTAKE, "/intake/nobody")
    asked(200, "get", "/contracts/{ministry}/{file}", "/contracts/ehis/exchange.v1.xsd")
    asked(404, "get", "/contracts/{ministry}/{file}", "/contracts/ehis/other.xsd")
    asked(202, "post", "/ehis", "/ehis", data=EXCHANGE, type=XML)
    asked(202, "post", "/ehis", "/ehis", data=EXCHANGE, type=XML, headers={"Accept": XML})
    asked(400, "post", "/ehis", "/ehis", data=b"<a", type=XML)
    asked(400, "post", "/ehis", "/ehis", data=b"<a", type=XML, headers={"Accept": XML})
    documents, named = f"{INTAKE}/documents", {"Message-Id": "d-1"}
    asked(202, "post", documents, f"{labour}/documents", data=LINE, type=described, headers=named)
    asked(415, "post", documents, f"{labour}/documents", data=LINE, type=JSON)
    site.bench.work()
    asked(200, "get", f"{documents}/{{id}}", f"{labour}/documents/d-1")
    asked(404, "get", f"{documents}/{{id}}", f"{labour}/documents/none")
    asked(200, "get", f"{INTAKE}/messages/{{id}}", f"{labour}/messages/m-1")
    asked(404, "get", f"{INTAKE}/messages/{{id}}", f"{labour}/messages/none")
    asked(200, "get", f"{INTAKE}/notices", f"{labour}/notices")
    asked(400, "get", f"{INTAKE}/notices", f"{labour}/notices?stand=gone")
    seen, path = f"{INTAKE}/notices/acknowledged", f"{labour}/notices/acknowledged"
    asked(200, "post", seen, path, json={"rule": "date-format"})
    asked(200, "get", f"{INTAKE}/notices", f"{labour}/notices")
    asked(400, "post", seen, path, json={})
    asked(200, "post", "/token", "/token", data=FORM, auth=("economy", secret))
    asked(401, "post", "/token", "/token", data=FORM, auth=("economy", "wrong"))
    asked(400, "post", "/token", "/token", data={})
    site.publisher.close()
    asked(503, "post", INTAKE, labour, data=CONTRACT, type=JSON)
    assert asked.operations == asked.described


def test_who_is_at_no_address_is_told_in_the_same_form(site: HttpSite) -> None:
    elsewhere = requests.get(f"{site.url}/nowhere", timeout=60)
    assert (elsewhere.status_code, elsewhere.headers["Content-Type"]) == (404, PROBLEM)
    assert elsewhere.json()["type"].endswith(":not-found")
    wrongly = requests.put(f"{site.url}/intake/labour", timeout=60)
    assert (wrongly.status_code, wrongly.json()["status"]) == (405, 405)
    assert set(wrongly.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


class Asking:
    """Asks, and holds each answer against what is described for the operation."""

    def __init__(self, site: HttpSite, document: dict[str, Any]) -> None:
        self._site, self._document = site, document
        self.operations: set[tuple[str, str]] = set()

    @property
    def described(self) -> set[tuple[str, str]]:
        paths = self._document["paths"].items()
        return {(path, each) for path, item in paths for each in item.keys() - {"parameters"}}

    def __call__(
        self, status: int, method: str, path: str, address: str, **given: Any
    ) -> requests.Response:
        headers = given.pop("headers", {})
        if content_type := given.pop("type", None):
            headers = {"Content-Type": content_type} | headers
        url = self._site.url + address
        answer = requests.request(method, url, headers=headers, timeout=60, **given)
        assert answer.status_code == status, answer.text
        self.operations.add((path, method))
        self._hold(answer, self._document["paths"][path][method]["responses"][str(status)])
        return answer

    def _hold(self, answer: requests.Response, described: dict[str, Any]) -> None:
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in described["content"], (kind, answer.text)
        if kind.endswith("json") and (schema := described["content"][kind].get("schema")):
            known = {"components": self._document["components"]}
            Draft202012Validator(schema | known).validate(answer.json())
