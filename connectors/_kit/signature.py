"""XML Signature: what a ministry signed, and nothing beside it.

One enveloped signature over the whole document is taken (``Reference URI=""``), in XML as in SOAP:
where a part could be signed, another part could be put beside it. What goes on is the signed
content as it was verified, without the signature.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from connectors._kit.content import SOAP, XML
from connectors._kit.contract import Limits, RawMessage
from connectors._kit.xml import parse_xml
from schemas.errors import Refused, Stop

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_EXPECTED = SignatureConfiguration(
    signature_methods=frozenset(
        {
            SignatureMethod.RSA_SHA256,
            SignatureMethod.RSA_SHA384,
            SignatureMethod.RSA_SHA512,
            SignatureMethod.SHA256_RSA_MGF1,
            SignatureMethod.SHA384_RSA_MGF1,
            SignatureMethod.SHA512_RSA_MGF1,
            SignatureMethod.ECDSA_SHA256,
            SignatureMethod.ECDSA_SHA384,
            SignatureMethod.ECDSA_SHA512,
        }
    ),
    digest_algorithms=frozenset(
        {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}
    ),
)


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, in UTF-8, and the ``Signature`` element that proves it."""

    raw: RawMessage
    signature: bytes


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """Certificates of a PEM file; raises ``Stop`` if it holds none that can be read."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Stop("the file of a sender's certificates holds none") from None


def verify_xml(
    raw: RawMessage, certificates: list[x509.Certificate], now: datetime, limits: Limits
) -> Signed:
    """Check the one signature of a document against the sender's own certificates.

    Raises ``Refused``: ``signature-invalid``, or whatever makes the document unreadable.
    """
    root = parse_xml(raw, limits, (*XML, *SOAP))
    signatures = list(root.iter(f"{_DS}Signature"))
    if len(signatures) != 1:
        raise _invalid("expected one signature")
    references = [reference.get("URI") for reference in root.iter(f"{_DS}Reference")]
    if references != [""]:
        raise _invalid("expected one reference, to the whole document")
    content = next(filter(None, (_signed_by(each, root, now) for each in certificates)), None)
    if content is None:
        raise _invalid("not the signature of any valid certificate of this sender")
    kind = raw.content_type.partition(";")[0]
    return Signed(replace(raw, body=content, content_type=kind), etree.tostring(signatures[0]))


def _signed_by(certificate: x509.Certificate, root: etree._Element, now: datetime) -> bytes | None:
    """The signed content, if the certificate, valid ``now``, made the signature."""
    expected = replace(_EXPECTED, verification_time=now)
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, expect_config=expected)
    except (SignXMLException, ValueError, etree.LxmlError):
        return None
    signed = result.signed_xml if isinstance(result, VerifyResult) else None
    if signed is None or signed.tag != root.tag:
        return None
    return etree.tostring(signed, encoding="utf-8", xml_declaration=True)


def _invalid(explanation: str) -> Refused:
    return Refused("signature-invalid", "", explanation)
