"""Signed messages: what was signed goes on, anything else is refused and written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from lxml import etree
from signxml.signer import XMLSigner

from hub.evidence import audit
from routing import keys
from routing.message import SIGNATURE
from tests.support.credentials import Authority, detached, new_key, write_jwks
from tests.support.http_site import HttpSite, http_site
from tests.support.intake_bench import START, Bench, sample

pytestmark = pytest.mark.database
JSON, XML = "application/json", "application/xml"
CONTRACT = sample("labour", "concluded.in.json")
NOTICES = sample("health", "every-action.in.xml")
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture
def key() -> ECKey:
    return new_key()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, START)


@pytest.fixture
def site(
    bench: Bench, database_url: str, tmp_path: Path, key: ECKey, authority: Authority
) -> Iterator[HttpSite]:
    certificate, _ = authority.issue("health", "health")
    senders = {
        "labour": {
            "authentication": "none",
            "signature": "jws",
            "signature_keys": write_jwks(tmp_path / "labour.json", key),
        },
        "health": {
            "authentication": "none",
            "signature": "xml",
            "signature_keys": certificate,
        },
    }
    with http_site(bench, database_url, senders=senders) as opened:
        yield opened


def signed(tmp_path: Path, body: bytes, name: str = "health") -> etree._Element:
    signer = XMLSigner(signature_algorithm="ecdsa-sha256")
    key, certificate = ((tmp_path / f"{name}.{end}").read_bytes() for end in ("key", "pem"))
    return signer.sign(etree.fromstring(body), key=key, cert=certificate.decode())


def canonical(document: bytes) -> str:
    return str(etree.canonicalize(etree.fromstring(document)))


def refusals(site: HttpSite) -> list[tuple[str, str]]:
    with site.bench.database.transaction() as tx:
        rows = audit.about(tx, "message:labour/m-1", "message:health/m-1")
    return [(row["actor"], row["reason"]) for row in rows]


def test_a_detached_signature_of_the_body_is_taken_and_kept(site: HttpSite, key: ECKey) -> None:
    headers = detached(key, CONTRACT)
    assert site.post("/intake/labour", CONTRACT, JSON, headers=headers).status_code == 202
    (delivery,) = site.bench.taken(keys.intake_queue("labour", "live"))
    assert delivery.body == CONTRACT
    assert delivery.headers[SIGNATURE] == headers["JWS-Signature"]


def test_a_body_changed_after_it_was_signed_is_refused_and_audited(
    site: HttpSite, key: ECKey
) -> None:
    headers = detached(key, CONTRACT) | {"Message-Id": "m-1"}
    answer = site.post("/intake/labour", CONTRACT + b" ", JSON, headers=headers)
    assert (answer.status_code, answer.json()["rule"]) == (403, "signature-invalid")
    assert site.bench.taken(keys.intake_queue("labour", "live")) == []
    assert refusals(site) == [("sender:labour", "signature-invalid")]


@pytest.mark.parametrize("header", ["", "a.b.c", "a..b", ".."])
def test_where_a_signature_is_demanded_nothing_passes_without(site: HttpSite, header: str) -> None:
    headers = {"JWS-Signature": header} if header else {}
    answer = site.post("/intake/labour", CONTRACT, JSON, headers=headers)
    assert answer.json()["rule"] == "signature-invalid"


def test_somebody_elses_signature_is_refused(site: HttpSite) -> None:
    answer = site.post("/intake/labour", CONTRACT, JSON, headers=detached(new_key(), CONTRACT))
    assert answer.json()["rule"] == "signature-invalid"


def test_of_a_signed_document_the_signed_content_goes_on(site: HttpSite, tmp_path: Path) -> None:
    body = etree.tostring(signed(tmp_path, NOTICES))
    assert site.post("/intake/health", body, XML).status_code == 202
    (delivery,) = site.bench.taken(keys.intake_queue("health", "live"))
    assert canonical(delivery.body) == canonical(NOTICES)
    assert delivery.headers[SIGNATURE]


def test_a_signed_message_is_journalled_with_its_signature(site: HttpSite, tmp_path: Path) -> None:
    body = etree.tostring(signed(tmp_path, NOTICES))
    site.post("/intake/health", body, XML)
    site.bench.work()
    (row,) = site.bench.rows("SELECT headers FROM evidence.journal")
    (delivered,) = {row["headers"][SIGNATURE]}
    assert len(delivered) > 500
    assert "�" not in delivered


def test_a_document_changed_after_it_was_signed_is_refused_and_audited(
    site: HttpSite, tmp_path: Path
) -> None:
    body = etree.tostring(signed(tmp_path, NOTICES)).replace(b"TST", b"TSV", 1)
    answer = site.post("/intake/health", body, XML, headers={"Message-Id": "m-1"})
    assert (answer.status_code, answer.json()["rule"]) == (403, "signature-invalid")
    assert refusals(site) == [("sender:health", "signature-invalid")]


def test_a_signed_part_beside_an_unsigned_one_is_refused(site: HttpSite, tmp_path: Path) -> None:
    inner = signed(tmp_path, NOTICES)
    wrapped = etree.fromstring(NOTICES)
    wrapped.append(inner)
    answer = site.post("/intake/health", etree.tostring(wrapped), XML)
    assert answer.json()["rule"] == "signature-invalid"


def test_two_signatures_are_none(site: HttpSite, tmp_path: Path) -> None:
    document = signed(tmp_path, NOTICES)
    signature = document.find(f"{DS}Signature")
    assert signature is not None
    document.append(etree.fromstring(etree.tostring(signature)))
    answer = site.post("/intake/health", etree.tostring(document), XML)
    assert answer.json()["rule"] == "signature-invalid"


def test_an_unsigned_document_or_a_strangers_is_refused(
    site: HttpSite, authority: Authority, tmp_path: Path
) -> None:
    authority.issue("stranger", "health")
    for body in (NOTICES, etree.tostring(signed(tmp_path, NOTICES, "stranger"))):
        assert site.post("/intake/health", body, XML).json()["rule"] == "signature-invalid"


def test_an_expired_certificate_proves_nothing(site: HttpSite, tmp_path: Path) -> None:
    site.bench.now += timedelta(days=2)
    answer = site.post("/intake/health", etree.tostring(signed(tmp_path, NOTICES)), XML)
    assert answer.json()["rule"] == "signature-invalid"


def test_a_document_in_parts_cannot_be_signed_and_is_not_taken(site: HttpSite) -> None:
    answer = site.post("/intake/health/documents", NOTICES, XML)
    assert (answer.status_code, answer.json()["rule"]) == (403, "signature-invalid")
