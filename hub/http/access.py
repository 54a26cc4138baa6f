"""Who is knocking: whoever an access token names, or the certificate of the connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request

from hub.http.keyfile import KeyFile, read_jwks, read_signing_key
from hub.listeners import HttpSettings, ListenerSettings, SenderSettings
from schemas.errors import Refused, Stop

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519")
CERTIFICATE = "client_certificate"
"""Where in a request's state the server puts the verified certificate (DER), if there is one."""
_LEEWAY = 30


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings along to be known by; ``certificate`` is DER, verified by TLS."""

    authorization: str = ""
    certificate: bytes | None = None


def credentials_of(request: Request) -> Credentials:
    """Take what a request is known by off it."""
    certificate = getattr(request.state, CERTIFICATE, None)
    return Credentials(request.headers.get("authorization", ""), certificate)


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
    subject = subject_of(name, sender, http)
    if subject is None:
        raise Stop(f"{prefix}SUBJECT is not set")
    if sender.authentication == "certificate":
        return Only(written(subject, prefix), certificates(http, "QOVSAQ_HTTP__"))
    return Only(subject, tokens(http, "QOVSAQ_HTTP__", clock, http.token_key))


def subject_of(name: str, sender: SenderSettings, http: HttpSettings) -> str | None:
    """Name the subject of a ministry; in the door's own tokens it is the ministry's name."""
    own = sender.authentication == "token" and http.token_key
    return sender.subject or (name if own else None)


def tokens(
    listener: ListenerSettings, prefix: str, clock: Clock, own_key: Path | None = None
) -> Tokens:
    """Know senders by access tokens, also those signed with ``own_key``.

    Raises ``Stop`` where there are no keys to verify them by.
    """
    if listener.jwks is None and own_key is None:
        raise Stop(f"{prefix}JWKS is not set")
    others = KeyFile(listener.jwks, read_jwks) if listener.jwks else None
    own = KeyFile(own_key, read_signing_key) if own_key else None

    def keys() -> KeySet:
        return KeySet([*(others.keys.keys if others else ()), *([own.keys] if own else ())])

    return Tokens(keys, listener.audience, listener.issuer, clock)


def certificates(listener: ListenerSettings, prefix: str) -> Certificates:
    """Know senders by certificates; raise ``Stop`` where no authority is trusted for them."""
    if listener.client_authorities is None:
        raise Stop(f"{prefix}CLIENT_AUTHORITIES is not set")
    return Certificates()


Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Only:
    """Lets one sender in and no other."""

    expected: str
    access: Access

    def subject(self, credentials: Credentials) -> str:
        """Name the sender; raise ``Refused`` (``forbidden``) for any other that is known."""
        subject = self.access.subject(credentials)
        if subject != self.expected:
            raise Refused("forbidden", "", "these credentials are not this ministry's")
        return subject


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

    keys: Callable[[], KeySet]
    audience: str
    issuer: str | None
    clock: Clock

    def subject(self, credentials: Credentials) -> str:
        """Name the token's ``sub``."""
        scheme, _, token = credentials.authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("expected an access token (Authorization: Bearer …)")
        try:
            claims = jwt.decode(token.strip(), self.keys(), algorithms=ALGORITHMS).claims
            self._claims().validate(claims)
        except (JoseError, ValueError, TypeError, AttributeError):
            # Their texts may quote the token.
            raise _unauthenticated("the access token is not valid here and now") from None
        return str(claims["sub"])

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

    def subject(self, credentials: Credentials) -> str:
        """Name the certificate's subject as RFC 4514 writes it."""
        if credentials.certificate is None:
            raise _unauthenticated("expected a client certificate")
        certificate = x509.load_der_x509_certificate(credentials.certificate)
        return certificate.subject.rfc4514_string()


def _unauthenticated(explanation: str) -> Refused:
    return Refused("unauthenticated", "", explanation)


def written(subject: str, prefix: str) -> str:
    """Write a distinguished name as certificates' names are written, so that they compare."""
    try:
        return x509.Name.from_rfc4514_string(subject).rfc4514_string()
    except ValueError:
        raise Stop(f"{prefix}SUBJECT: not a distinguished name as RFC 4514 writes it") from None
