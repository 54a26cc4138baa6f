"""``POST /token``: the OAuth 2 client-credentials grant (RFC 6749, 4.4) for ministries' clients.

The token is a JWT good for a few minutes. It is checked by its signature alone, so that a message
can be taken while the database is away; a revoked secret gives no further token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from urllib.parse import parse_qs, unquote_plus

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.evidence import audit, credentials
from hub.evidence.audit import Act
from hub.http import answers, body
from hub.http.keyfile import KeyFile
from hub.store.database import Database
from schemas.errors import Refused

ALGORITHM = "ES256"
_MOST_BYTES = 8192
_SECONDS = 10.0
_UNCACHED = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class TokenOffice:
    """Gives tokens to those who know a secret. ``subjects`` are the ministries' ``sub``."""

    key: KeyFile[ECKey]
    subjects: Mapping[str, str]
    database: Database
    lock: Lock
    clock: Callable[[], datetime]
    audience: str
    issuer: str | None
    seconds: int

    async def give(self, request: Request) -> Response:
        """Answer a request for a token, as RFC 6749 says."""
        try:
            form = parse_qs((await body.read(request, _MOST_BYTES, _SECONDS)).decode())
        except (Refused, UnicodeDecodeError):
            return _refused(400, "invalid_request")
        if form.get("grant_type") != ["client_credentials"]:
            return _refused(400, "unsupported_grant_type")
        client, secret = _credentials(request.headers.get("authorization", ""), form)
        subject = self.subjects.get(client)
        if subject is None or not await run_in_threadpool(self._holds, client, secret):
            return _refused(401, "invalid_client")
        return answers.as_json(
            {"access_token": self._token(subject), "token_type": "Bearer"}
            | {"expires_in": self.seconds},
            headers=_UNCACHED,
        )

    def _holds(self, ministry: str, secret: str) -> bool:
        now = self.clock()
        with self.lock, self.database.transaction() as tx:
            known = credentials.holds(tx, ministry, secret, now)
            if known:
                act = Act(f"sender:{ministry}", "token-issued", f"ministry:{ministry}")
                audit.record(tx, act, now)
        return known

    def _token(self, subject: str) -> str:
        now, key = int(self.clock().timestamp()), self.key.keys
        claims = {"sub": subject, "aud": self.audience, "iat": now, "exp": now + self.seconds}
        issuer = {"iss": self.issuer} if self.issuer else {}
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims | issuer, key)


def _credentials(authorization: str, form: Mapping[str, list[str]]) -> tuple[str, str]:
    """Client id and secret, from the header (``Basic``) or else from the form."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "".join(form.get("client_id", [])), "".join(form.get("client_secret", []))
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _refused(status: int, error: str) -> Response:
    headers = _UNCACHED | ({"WWW-Authenticate": "Basic"} if status == 401 else {})  # noqa: PLR2004
    return answers.as_json({"error": error}, status, headers)
