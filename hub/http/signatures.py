"""Signed bodies: where a ministry's settings demand a signature, nothing passes without."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connectors._kit.contract import Limits, RawMessage
from connectors._kit.signature import read_certificates, verify_xml
from hub.http.access import ALGORITHMS
from hub.http.keyfile import KeyFile, read_jwks
from hub.listeners import SenderSettings
from schemas.errors import Refused, Stop

JWS_HEADER = "JWS-Signature"


@dataclass(frozen=True, slots=True)
class Proven:
    """A message whose signature holds, as it goes on, and what proves it (text, for evidence)."""

    raw: RawMessage
    signature: str


Verifier = Callable[[RawMessage, str], Proven]
"""Takes a message and its ``JWS-Signature`` header; raises ``Refused`` (``signature-invalid``)."""


def verifier(name: str, sender: SenderSettings, limits: Limits) -> Verifier | None:
    """Choose how a ministry's signatures are checked; None where it does not sign."""
    if sender.signature == "none":
        return None
    if sender.signature_keys is None:
        raise Stop(f"QOVSAQ_SENDERS__{name.upper()}__SIGNATURE_KEYS is not set")
    if sender.signature == "xml":
        return XmlSignatures(KeyFile(sender.signature_keys, read_certificates), limits)
    return DetachedSignatures(KeyFile(sender.signature_keys, read_jwks))


@dataclass(frozen=True, slots=True)
class DetachedSignatures:
    """JWS in compact form whose payload is the body, left out between its dots (RFC 7515, F)."""

    file: KeyFile[KeySet]

    def __call__(self, raw: RawMessage, header: str) -> Proven:
        """Check the header against the very bytes of the body."""
        protected, _, signature = header.strip().partition("..")
        if not protected or not signature:
            explanation = f"expected a detached JWS in the header {JWS_HEADER}"
            raise Refused("signature-invalid", "", explanation)
        try:
            jws.deserialize_compact(header.strip(), self.file.keys, ALGORITHMS, payload=raw.body)
        except (JoseError, ValueError, TypeError, AttributeError):
            explanation = "not the signature of this sender for this body"
            raise Refused("signature-invalid", "", explanation) from None
        return Proven(raw, header.strip())


@dataclass(frozen=True, slots=True)
class XmlSignatures:
    """XML Signature inside the document; what goes on is what was signed, without it."""

    file: KeyFile[list[x509.Certificate]]
    limits: Limits

    def __call__(self, raw: RawMessage, _header: str) -> Proven:
        """Check the signature in the document; no header tells of it."""
        signed = verify_xml(raw, self.file.keys, raw.received_at, self.limits)
        proof = base64.b64encode(zlib.compress(signed.signature, 9)).decode()
        return Proven(signed.raw, proof)
