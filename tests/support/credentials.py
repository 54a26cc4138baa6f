"""Keys, tokens and certificates of ministries that do not exist, made for one test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from joserfc import jws, jwt
from joserfc.jwk import ECKey

ALGORITHM = "ES256"


def new_key(kid: str = "k-1") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "alg": ALGORITHM})


def write_jwks(path: Path, *keys: ECKey) -> Path:
    public = [key.as_dict(private=False) for key in keys]
    path.write_text(json.dumps({"keys": public}))
    return path


def token(key: ECKey, now: datetime, **claims: Any) -> dict[str, str]:
    """An Authorization header; what is not given is right for the labour ministry."""
    values = {"sub": "labour-client", "aud": "qovsaq", "exp": int(now.timestamp()) + 300} | claims
    kept = {name: value for name, value in values.items() if value is not None}
    text = jwt.encode({"alg": ALGORITHM, "kid": key.kid}, kept, key)
    return {"Authorization": f"Bearer {text}"}


def detached(key: ECKey, body: bytes) -> dict[str, str]:
    """A JWS of the body, left out between its dots."""
    whole = jws.serialize_compact({"alg": ALGORITHM, "kid": key.kid}, body, key)
    protected, _, signature = whole.split(".")
    return {"JWS-Signature": f"{protected}..{signature}"}


class Authority:
    """A certificate authority and what it issued, as PEM files in a folder."""

    def __init__(self, folder: Path, now: datetime, name: str = "Sinaq CA", days: int = 1) -> None:
        self._folder = folder
        self._days = days
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named({NameOID.COMMON_NAME: name})
        self.file = self._write("authority.pem", self._certificate(self._name, self._key, ca=True))

    def issue(self, name: str, common_name: str, days: int | None = None) -> tuple[Path, Path]:
        """Certificate and key of a party, valid for 127.0.0.1, for so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _named({NameOID.ORGANIZATION_NAME: "Sinaq", NameOID.COMMON_NAME: common_name})
        certificate = self._certificate(subject, key, ca=False, days=days)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key_file = self._folder / f"{name}.key"
        key_file.write_bytes(pem)
        return self._write(f"{name}.pem", certificate), key_file

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        ca: bool,
        days: int | None = None,
    ) -> x509.Certificate:
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + timedelta(days=days or self._days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if ca:
            usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True}
            made = made.add_extension(x509.KeyUsage(**usage), critical=True)
        else:
            here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            made = made.add_extension(here, critical=False)
        return made.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        file = self._folder / name
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        return file


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def real_now() -> datetime:
    """The time TLS goes by; no test can set it."""
    return datetime.now(UTC)


def _named(parts: Mapping[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts.items()])
