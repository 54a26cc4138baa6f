"""Schemathesis finds nothing wrong with lookup and door as they are described, and could."""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors._kit.discover import discover
from hub.agency import systems
from hub.registry import feed
from hub.store.database import Database
from tests.integration.agency.samples import golden_events
from tests.integration.registry.writing import put
from tests.support.credentials import real_now, token
from tests.support.http_site import OPEN, HttpSite, http_site
from tests.support.intake_bench import Bench, sample
from tests.support.lookup_site import FIN, LookupSite, fill, lookup_site
from tests.support.needs import needing
from tests.support.outbound_bench import BODY, outbound_bench
from tests.support.servers import NoServer

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(600)]

CONTRACT = sample("labour", "concluded.in.json")
SCHEMATHESIS = "schemathesis==4.32.5"
OFTEN = {BODY: {"subject": "pensions-client", "requests_per_minute": 1_000_000, "burst": 100_000}}


@pytest.fixture(scope="module")
def schemathesis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, in an environment of its own: the lock leaves it out."""
    folder = tmp_path_factory.mktemp("schemathesis")
    with needing("Schemathesis"):
        venv.create(folder, with_pip=True)
        words = [str(folder / "bin" / "pip"), "install", "--quiet", SCHEMATHESIS]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoServer(f"the package cannot be fetched: {done.stderr.strip()[-200:]}")
    return folder / "bin" / "schemathesis"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[LookupSite]:
    """A service with something to tell, at the time Schemathesis lives in."""
    with outbound_bench(database_url) as bench:
        bench.clock.now = real_now()
        fill(bench.database)
        put(bench.database, *golden_events())
        bench.grant()
        bench.grant(
            grant="pensions-papers",
            records=["identity_document"],
            fields={"identity_document": ["document", "holder", "status"]},
        )
        bench.grant(
            grant="pensions-companies",
            category="4.1.4",
            records=["tax_registration"],
            fields={"tax_registration": ["identifier", "legalName"]},
        )
        with bench.database.transaction() as tx:
            systems.add(tx, bench.tokens["first"], BODY, ["#"], "a test", bench.clock.now)
            feed.append(tx, [event for event in golden_events() if event.factkey], bench.clock.now)
        with lookup_site(bench, tmp_path, readers=OFTEN, systems=OFTEN) as opened:
            yield opened


def explore(command: Path, site: LookupSite, description: str, *more: str) -> tuple[int, str]:
    authorization = token(
        site.key, site.bench.clock.now, sub="pensions-client", exp=int(real_now().timestamp()) + 900
    )["Authorization"]
    words = [str(command), "run", description, "--url", site.url, *more]
    words += ["-H", f"Authorization: {authorization}", "--no-color", "--checks", "all"]
    words += ["--max-examples", "50", "--seed", "1"]
    # It keeps what it found where it runs.
    folder = command.parent
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_found(schemathesis: Path, site: LookupSite) -> None:
    assert site.found(f"/v1/persons/{FIN}")
    status, report = explore(schemathesis, site, f"{site.url}/openapi.json")
    assert (status, "No issues found" in report) == (0, True), report


def test_a_description_that_is_not_true_is_found(
    schemathesis: Path, site: LookupSite, tmp_path: Path
) -> None:
    described: dict[str, Any] = site.get("/openapi.json").json()
    for path in described["paths"].values():
        del path["get"]["responses"]["404"]
    false = tmp_path / "false.json"
    false.write_text(json.dumps(described))
    status, report = explore(schemathesis, site, str(false))
    assert (status, "Undocumented status code" in report) == (1, True), report


@pytest.fixture
def door(database_url: str) -> Iterator[HttpSite]:
    """A door where everybody on this machine may be any ministry, as often as they like."""
    database = Database(database_url)
    bench = Bench(database, discover())
    everybody = {**OPEN, "ehis": OPEN["labour"]}
    often = {"requests_per_minute": 1_000_000, "burst": 100_000}
    senders = {name: {**how, **often} for name, how in everybody.items()}
    with http_site(bench, database_url, senders=senders) as opened:
        opened.post("/intake/labour", CONTRACT, "application/json", headers={"Message-Id": "m-1"})
        bench.work()
        yield opened
    bench.bus.close()
    database.close()


def test_nothing_is_found_at_the_door(schemathesis: Path, door: HttpSite) -> None:
    words = [str(schemathesis), "run", f"{door.url}/openapi.json", "--url", door.url, "--no-color"]
    # Bodies are described by contracts of their own: any is sent, and most are refused.
    words += ["--checks", "all", "--exclude-checks", "positive_data_acceptance,ignored_auth"]
    words += ["--max-examples", "30", "--seed", "1"]
    folder = schemathesis.parent
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    report = done.stdout + done.stderr
    assert (done.returncode, "Tested: 9" in report) == (0, True), report
