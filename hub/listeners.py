"""Parts of the settings: where the hub serves HTTP, and who may come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hub.sections import Seconds, Section


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files of a server: its chain, its key, and whose clients' certificates it takes.

    With ``required`` a client without one is turned away, else it may come without.
    """

    certificate: Path
    private_key: Path | None = None
    client_authorities: Path | None = None
    required: bool = False

    @property
    def paths(self) -> Sequence[Path]:
        """Every file there is."""
        return [p for p in (self.certificate, self.private_key, self.client_authorities) if p]


class ListenerSettings(Section):
    """An address where the hub serves HTTP, and how it knows who asks."""

    host: str = Field("127.0.0.1", description="address it listens on")
    port: int = Field(0, ge=0, le=65_535, description="port it listens on")
    certificate: Path | None = Field(None, description="PEM file of its certificate chain: TLS")
    private_key: Path | None = Field(None, description="PEM file of the certificate's key")
    client_authorities: Path | None = Field(
        None, description="PEM file of authorities whose client certificates are taken"
    )
    jwks: Path | None = Field(
        None, description="JWKS file of the keys that sign access tokens; read again when changed"
    )
    issuer: str | None = Field(None, description="`iss` that access tokens must have, if any")
    audience: str = Field("qovsaq", description="`aud` that access tokens must have")
    most_connections: int = Field(100, ge=1, description="requests handled at the same time")

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class MetricsSettings(Section):
    """How `/metrics` and `/health` are protected."""

    certificate: Path | None = Field(
        None, description="PEM file of the certificate chain of `/metrics` and `/health`: TLS"
    )
    private_key: Path | None = Field(None, description="PEM file of the certificate's key")
    client_authorities: Path | None = Field(
        None, description="PEM file of authorities; only clients with a certificate of theirs come"
    )

    @property
    def files(self) -> Files | None:
        """What it is served with; None where it is served in the clear."""
        if self.certificate is None:
            return None
        return Files(self.certificate, self.private_key, self.client_authorities, required=True)


class HttpSettings(ListenerSettings):
    """The door for ministries that push over HTTP."""

    port: int = Field(8080, ge=0, le=65_535, description="port the HTTP intake listens on")
    public_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] | None = Field(
        None, description="where ministries find it, for WSDLs; unset: as each request says"
    )
    token_key: Path | None = Field(
        None, description="PEM file of the P-256 key that signs the tokens of `/token`; unset: none"
    )
    token_seconds: Seconds = Field(300, description="how long a token of `/token` is good for")
    body_seconds: Seconds = Field(
        60, description="time a message, or a part of a document, may take"
    )
    most_document_bytes: int = Field(
        4 * 1024**3, ge=1024, description="bytes of one document that is split into messages"
    )
    spool: Path | None = Field(
        None, description="folder where documents wait to be split; unset: the system's"
    )


class LookupSettings(ListenerSettings):
    """Where bodies with a basis look up persons and legal entities."""

    port: int = Field(8081, ge=0, le=65_535, description="port lookups are answered on")
    at_once: int = Field(4, ge=1, le=100, description="lookups answered at the same time")
    hand_over_seconds: Seconds = Field(
        10, description="time an answer may take to leave; revocations wait that long"
    )
    most_records: int = Field(200, ge=1, le=10_000, description="records in one answer")


class ReaderSettings(Section):
    """How one subscriber or system is known when it asks for something, and how often it may."""

    authentication: Literal["token", "certificate"] = Field(
        "token", description="how it is known: OAuth 2 client credentials, or mutual TLS"
    )
    subject: str | None = Field(
        None, description="`sub` of its tokens, or subject of its certificate as RFC 4514 writes it"
    )
    requests_per_minute: int = Field(600, ge=1, description="requests it may make in the long run")
    burst: int = Field(50, ge=1, description="requests it may make at once")


class SenderSettings(Section):
    """How one ministry is known at the door, and how much it may send."""

    authentication: Literal["token", "certificate", "none"] = Field(
        "token", description="how it is known; `none` only where the door is open to this machine"
    )
    subject: str | None = Field(
        None, description="`sub` of its tokens, or subject of its certificate as RFC 4514 writes it"
    )
    signature: Literal["none", "jws", "xml"] = Field(
        "none", description="how it signs each message, if it does"
    )
    signature_keys: Path | None = Field(
        None, description="JWKS file (`jws`) or PEM certificates (`xml`) it signs with"
    )
    requests_per_minute: int = Field(6000, ge=1, description="requests it may make in the long run")
    burst: int = Field(200, ge=1, description="requests it may make at once")
