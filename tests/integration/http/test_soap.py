"""SOAP at the door, with clients that are not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep.exceptions import Fault

from connectors._kit.soap import DETAIL, RECEIPT, SOAP_11, SOAP_12
from routing import keys
from tests.support.http_site import HttpSite
from tests.support.intake_bench import sample

pytestmark = pytest.mark.database
LIVE = keys.intake_queue("justice", "live")
BIRTH = sample("justice", "register-birth.in.xml")
NO_FIN = sample("justice", "refused-fin.in.xml")
TYPES = {SOAP_11: "text/xml; charset=utf-8", SOAP_12: "application/soap+xml; charset=utf-8"}
NODE_CLIENT = """
const soap = require('soap');
const [wsdl, good, bad] = process.argv.slice(1);
(async () => {
  const client = await soap.createClientAsync(wsdl);
  const [accepted] = await client.NotifyAsync({ _xml: good });
  let fault = null;
  try { await client.NotifyAsync({ _xml: bad }); }
  catch (error) { fault = error.root.Envelope.Body.Fault.detail.Refusal; }
  console.log(JSON.stringify({ accepted, fault }));
})();
"""


def payload(envelope: bytes) -> etree._Element:
    (found,) = etree.fromstring(envelope)[-1]
    return found


@pytest.mark.parametrize("version", [SOAP_11, SOAP_12])
def test_a_notification_is_answered_with_an_envelope(site: HttpSite, version: str) -> None:
    body = BIRTH.replace(SOAP_11.encode(), version.encode())
    headers = {"Message-Id": "m-1"}
    answer = site.post("/intake/justice", body, TYPES[version], headers=headers)
    assert answer.headers["Content-Type"] == TYPES[version]
    root = etree.fromstring(answer.content)
    assert (answer.status_code, root.tag) == (200, f"{{{version}}}Envelope")
    assert root.findtext(f".//{{{RECEIPT}}}MessageId") == "m-1"
    assert [delivery.message_id for delivery in site.bench.taken(LIVE)] == ["m-1"]


@pytest.mark.parametrize(("version", "status"), [(SOAP_11, 500), (SOAP_12, 400)])
def test_a_refusal_is_a_fault_that_names_rule_and_field(
    site: HttpSite, version: str, status: int
) -> None:
    body = NO_FIN.replace(SOAP_11.encode(), version.encode())
    answer = site.post("/intake/justice", body, TYPES[version])
    fault = etree.fromstring(answer.content).find(f".//{{{version}}}Fault")
    assert answer.status_code == status
    assert fault is not None
    assert fault.findtext(f".//{{{DETAIL}}}Rule") == "fin-format"
    assert fault.findtext(f".//{{{DETAIL}}}Field") == "Act/Participant[1]/FIN"
    assert site.bench.taken(LIVE) == []


def test_a_fault_about_the_request_keeps_its_status(site: HttpSite) -> None:
    site.publisher.close()
    answer = site.post("/intake/justice", BIRTH, TYPES[SOAP_11])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert b"Fault" in answer.content


def test_the_served_description_leads_to_the_door_and_to_the_schemas(site: HttpSite) -> None:
    wsdl = etree.fromstring(site.get("/intake/justice?wsdl").content)
    locations = {element.get("location") for element in wsdl.iter() if element.get("location")}
    assert locations == {f"{site.url}/intake/justice"}
    (schema,) = (e.get("schemaLocation") for e in wsdl.iter() if e.get("schemaLocation"))
    assert schema is not None
    assert b"CivilStatusNotification" in site.get(schema.removeprefix(site.url)).content


@pytest.mark.parametrize("ministry", ["health", "labour"])
def test_who_does_not_speak_soap_has_no_such_description(site: HttpSite, ministry: str) -> None:
    assert site.get(f"/intake/{ministry}?wsdl").status_code == 404


def test_zeep_sends_by_the_served_description_and_understands_refusals(site: HttpSite) -> None:
    client = zeep.Client(f"{site.url}/intake/interior?wsdl")
    event = {
        "kind": "NEW",
        "at": "2026-03-02T08:00:00+04:00",
        "Person": {
            "pin": "TST0001",
            "Surname": "SINAQOV",
            "Name": "NÜMUNƏ",
            "Gender": "M",
            "BirthDate": "01.02.1990",
            "Citizenship": "AZE",
        },
    }
    sent: dict[str, Any] = {"MessageId": "I-1", "SentAt": "2026-03-02T08:00:00+04:00"}
    sent["_value_1"] = [{"Event": event}]
    answer = client.service.Notify(**sent)
    assert answer["MessageId"].startswith("sha256-")
    assert len(site.bench.taken(keys.intake_queue("interior", "live"))) == 1
    event["Person"]["BirthDate"] = "1990-31-31"  # type: ignore[index]  # a mapping, as above
    with pytest.raises(Fault) as refused:
        client.service.Notify(**sent)
    assert refused.value.detail.findtext(f".//{{{DETAIL}}}Rule") == "date-format"


def test_curl_sends_a_notification(site: HttpSite, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("NO CURL FOR TESTS")
    file = tmp_path / "birth.xml"
    file.write_bytes(BIRTH)
    words = ["-sS", "-w", "%{http_code}", "-H", f"Content-Type: {TYPES[SOAP_11]}"]
    words += ["-H", "Message-Id: m-1", "--data-binary", f"@{file}", f"{site.url}/intake/justice"]
    done = subprocess.run([curl, *words], capture_output=True, check=True, timeout=120)
    assert done.stdout.endswith(b"200")
    assert b"<q:MessageId>m-1</q:MessageId>" in done.stdout


@pytest.mark.slow
def test_the_soap_client_of_npm_sends_and_understands_refusals(
    site: HttpSite, tmp_path: Path
) -> None:
    node = shutil.which("node")
    npm = shutil.which("npm")
    if not node or not npm:
        pytest.skip("NO NODE AND NPM FOR TESTS")
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "soap"]
    try:
        subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    except subprocess.SubprocessError:
        pytest.skip("NO NPM PACKAGE `soap` FOR TESTS: the registry of npm did not give it")
    good, bad = (etree.tostring(payload(body)).decode() for body in (BIRTH, NO_FIN))
    words = [node, "-e", NODE_CLIENT, f"{site.url}/intake/justice?wsdl", good, bad]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told["accepted"]["MessageId"].startswith("sha256-")
    assert told["fault"]["Rule"] == "fin-format"
    assert len(site.bench.taken(LIVE)) == 1
