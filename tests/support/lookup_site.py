"""The lookup service on loopback, before a registry with a few persons and a body with grants."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests
from joserfc.jwk import ECKey

from hub.lookup.opening import open_lookup
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Unobserved
from tests.integration.registry.events import alias, event, fin, link, person
from tests.integration.registry.writing import put
from tests.support.credentials import new_key, token, write_jwks
from tests.support.http_site import listens
from tests.support.outbound_bench import BODY, OutboundBench
from tests.support.servers import free_port, wait_until

FIN, NOBODY, VOEN = "TST0001", "TST0009", "0000001041"
PURPOSE = {"Qovsaq-Purpose": "claim 2026/118"}
_SECONDS = 30


@dataclass
class LookupSite:
    """A service that is open, and what a body does before it."""

    bench: OutboundBench
    url: str
    key: ECKey

    @property
    def token(self) -> dict[str, str]:
        return token(self.key, self.bench.clock.now, sub="pensions-client")

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, **given: Any
    ) -> requests.Response:
        """Ask with a token and a purpose, unless ``headers`` says else."""
        sent = {**PURPOSE, **self.token} if headers is None else headers
        return requests.get(self.url + path, headers=sent, timeout=_SECONDS, **given)

    def found(self, path: str) -> list[dict[str, Any]]:
        """What is answered to a lookup that succeeds."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = orjson.loads(answer.content)
        return found

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        return list(self.bench.rows(statement))


@contextmanager
def lookup_site(bench: OutboundBench, folder: Path, **given: Any) -> Iterator[LookupSite]:
    """Open the service; the bench's subscriber may look up unless ``readers`` says else."""
    key, port = new_key(), free_port()
    jwks = write_jwks(folder / "jwks.json", key)
    lookup = {"port": port, "jwks": jwks} | given.pop("lookup", {})
    readers = given.pop("readers", {BODY: {"subject": "pensions-client"}})
    settings = Settings(lookup=lookup, readers=readers, **given)
    worker = open_lookup(
        settings,
        database=lambda purpose: Database(bench.url, application_name=purpose),
        observer=Unobserved(),
        clock=bench.clock,
    )
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop], name="lookup")
    thread.start()
    scheme = "https" if settings.lookup.certificate else "http"
    try:
        wait_until(lambda: listens(port), _SECONDS, "the lookup service")
        yield LookupSite(bench, f"{scheme}://127.0.0.1:{port}", key)
    finally:
        stop.set()
        thread.join()


def fill(database: Database) -> None:
    """A person under a FİN and an alias, with a document; another; a company."""
    taxpayer = {
        "identifier": {"notation": VOEN, "type": "urn:az:org:voen"},
        "taxpayerType": "legal-entity",
        "legalName": "Nümunə MMC",
        "legalEntityStatus": "active",
    }
    put(
        database,
        event("person", person(fin(FIN)), ministry="interior", message_id="1"),
        event("person", person(alias("00000001")), ministry="migration", message_id="2"),
        event("subject_link", link("00000001", FIN), ministry="migration", message_id="3"),
        event("identity_document", paper("AZE00000001", FIN), ministry="interior", message_id="4"),
        event("person", person(fin("TST0002")), ministry="interior", message_id="5"),
        event("identity_document", paper("AZE00000002", "TST0002"), ministry="interior",
              message_id="6"),
        event("tax_registration", taxpayer, ministry="economy", message_id="7"),
    )  # fmt: skip


def paper(number: str, holder: str) -> dict[str, Any]:
    return {
        "document": {"notation": number, "type": "urn:az:pid:doc"},
        "holder": fin(holder),
        "documentType": "citizen-card",
        "number": number,
        "dateIssued": "2024-01-01",
        "status": "valid",
    }
