"""A file of keys, read again whenever it changes: keys are rotated without a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from schemas.errors import Stop

_T = TypeVar("_T")


class KeyFile(Generic[_T]):
    """What ``read`` makes of the bytes of a file, as they are now."""

    def __init__(self, path: Path, read: Callable[[bytes], _T]) -> None:
        self._path = path
        self._read = read
        self._version, self._keys = self._load()

    @property
    def keys(self) -> _T:
        """The keys; those of before, while the file cannot be read."""
        try:
            if self._changed():
                self._version, self._keys = self._load()
        except Stop:
            pass
        return self._keys

    def _changed(self) -> bool:
        try:
            return self._path.stat().st_mtime_ns != self._version
        except OSError:
            return False

    def _load(self) -> tuple[int, _T]:
        try:
            return self._path.stat().st_mtime_ns, self._read(self._path.read_bytes())
        except OSError as error:
            raise Stop(f"{self._path.name}: {error.strerror}") from None


def read_jwks(data: bytes) -> KeySet:
    """Read a JWKS; raise ``Stop`` if it is none, or holds secrets instead of public keys."""
    try:
        keys = KeySet.import_key_set(orjson.loads(data))
    except (JoseError, ValueError, LookupError, TypeError, AttributeError):
        raise Stop("the file of keys is not a JWKS") from None
    if not keys.keys or any(key.key_type == "oct" for key in keys.keys):
        raise Stop("the file of keys must hold public keys, and no secrets")
    return keys


def read_signing_key(pem: bytes) -> ECKey:
    """Read the private key that signs tokens; raise ``Stop`` unless it is one on P-256."""
    try:
        key = ECKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        raise Stop("QOVSAQ_HTTP__TOKEN_KEY: not a PEM file of an EC key") from None
    if not key.is_private or key.curve_name != "P-256":
        raise Stop("QOVSAQ_HTTP__TOKEN_KEY: expected a private key on the curve P-256")
    key.ensure_kid()
    return key
