"""Who is knocking: a ministry's access token, or the certificate of its connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.http.keyfile import KeyFile, read_jwks
from hub.sections import HttpSettings, SenderSettings
from schemas.errors import Refused, Stop

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519")
_LEEWAY = 30


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings along to be known by; ``certificate`` is DER, verified by TLS."""

    authorization: str = ""
    certificate: bytes | None = None


class Access(Protocol):
    """Tells who has sent a request."""

    def subject(self, credentials: Credentials) -> str:
        """Name the sender; raise ``Refused`` (``unauthenticated``) where it is not known."""
        ...


def access(name: str, sender: SenderSettings, http: HttpSettings, clock: Clock) -> Access:
    """Choose how a ministry is known; raise ``Stop`` where the settings do not suffice."""
    prefix = f"QOVSAQ_SENDERS__{name.upper()}__"
    if sender.authentication == "none":
        if not http.local:
            raise Stop(f"{prefix}AUTHENTICATION: none is only for a door open to this machine")
        return Trusting(name)
    if sender.subject is None:
        raise Stop(f"{prefix}SUBJECT is not set")
    if sender.authentication == "certificate":
        if http.client_authorities is None:
            raise Stop("QOVSAQ_HTTP__CLIENT_AUTHORITIES is not set")
        return Certificates(_written(sender.subject, prefix))
    if http.jwks is None:
        raise Stop("QOVSAQ_HTTP__JWKS is not set")
    return Tokens(sender.subject, KeyFile(http.jwks, read_jwks), http.audience, http.issuer, clock)


Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Trusting:
    """Believes everybody, on a door that is open to this machine alone."""

    name: str

    def subject(self, credentials: Credentials) -> str:  # noqa: ARG002 - none are looked at
        """Name the ministry of the address."""
        return self.name


@dataclass(frozen=True, slots=True)
class Tokens:
    """OAuth 2 access tokens of the client-credentials grant: signed JWTs for our audience."""

    expected: str
    file: KeyFile[KeySet]
    audience: str
    issuer: str | None
    clock: Clock

    def subject(self, credentials: Credentials) -> str:
        """Name the token's ``sub``, which must be the ministry's."""
        scheme, _, token = credentials.authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("expected an access token (Authorization: Bearer …)")
        try:
            claims = jwt.decode(token.strip(), self.file.keys, algorithms=ALGORITHMS).claims
            self._claims().validate(claims)
        except (JoseError, ValueError, TypeError, AttributeError):
            # Their texts may quote the token.
            raise _unauthenticated("the access token is not valid here and now") from None
        return _expected(str(claims["sub"]), self.expected)

    def _claims(self) -> jwt.JWTClaimsRegistry:
        now = int(self.clock().timestamp())
        issuer: dict[str, jwt.ClaimsOption] = (
            {"iss": {"essential": True, "value": self.issuer}} if self.issuer else {}
        )
        return jwt.JWTClaimsRegistry(
            now,
            _LEEWAY,
            sub={"essential": True},
            exp={"essential": True},
            aud={"essential": True, "value": self.audience},
            **issuer,
        )


@dataclass(frozen=True, slots=True)
class Certificates:
    """Mutual TLS: the certificate's chain was verified before a byte of the request was read."""

    expected: str

    def subject(self, credentials: Credentials) -> str:
        """Name the certificate's subject, which must be the ministry's."""
        if credentials.certificate is None:
            raise _unauthenticated("expected a client certificate")
        certificate = x509.load_der_x509_certificate(credentials.certificate)
        return _expected(certificate.subject.rfc4514_string(), self.expected)


def _expected(subject: str, expected: str) -> str:
    if subject != expected:
        raise Refused("forbidden", "", "these credentials are not this ministry's")
    return subject


def _unauthenticated(explanation: str) -> Refused:
    return Refused("unauthenticated", "", explanation)


def _written(subject: str, prefix: str) -> str:
    """Write a distinguished name as certificates' names are written, so that they compare."""
    try:
        return x509.Name.from_rfc4514_string(subject).rfc4514_string()
    except ValueError:
        raise Stop(f"{prefix}SUBJECT: not a distinguished name as RFC 4514 writes it") from None
