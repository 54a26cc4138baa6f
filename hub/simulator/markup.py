"""Rendering plain trees as XML, and writing Azerbaijani the ways legacy systems do.

A tree is a dictionary in document order: ``@name`` is an attribute, ``#`` the text, a list repeats
its element, None is left out.
"""

from __future__ import annotations

from datetime import date, datetime
from html import escape
from typing import Any

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

_TO_UPPER = str.maketrans("iı", "İI")
_LATIN = "abcçdeəfghxıijkqlmnoöprsştuüvyzğ"
_CYRILLIC = "абҹчдеәфҝһхыижкглмноөпрсштуүвјзғ"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_CAPITALS_TO_CYRILLIC = str.maketrans(_LATIN.translate(_TO_UPPER).upper(), _CYRILLIC.upper())


def element(tag: str, value: Any, prefix: str = "") -> str:
    """Render ``value`` as the element ``tag`` (or as many of it as a list has items)."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(element(tag, item, prefix) for item in value)
    name = f"{prefix}{tag}"
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    attributes = "".join(
        f' {key[1:]}="{escape(text)}"'
        for key, text in value.items()
        if key.startswith("@") and text is not None
    )
    children = "".join(
        escape(child) if key == "#" else element(key, child, prefix)
        for key, child in value.items()
        if not key.startswith("@")
    )
    return f"<{name}{attributes}>{children}</{name}>"


def document(tag: str, namespace: str, content: dict[str, Any]) -> bytes:
    """Render a whole document whose elements are in the default namespace ``namespace``."""
    return f"{DECLARATION}{element(tag, {'@xmlns': namespace, **content})}".encode()


def envelope(tag: str, prefix: str, namespace: str, content: dict[str, Any]) -> bytes:
    """Render ``content`` as the one child of the body of a SOAP 1.1 envelope."""
    inner = element(tag, {f"@xmlns:{prefix}": namespace, **content}, f"{prefix}:")
    return (
        f'{DECLARATION}<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Header/>'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def as_utf16(body: bytes) -> bytes:
    """Encode a document as UTF-16 with its mark, and declare it so."""
    declared = DECLARATION.replace("UTF-8", "UTF-16")
    return body.decode().replace(DECLARATION, declared, 1).encode("utf-16")


def dotted(day: date) -> str:
    """DD.MM.YYYY."""
    return day.strftime("%d.%m.%Y")


def instant(at: datetime) -> str:
    """ISO 8601 to the millisecond, with offset."""
    return at.isoformat(timespec="milliseconds")


def upper(text: str) -> str:
    """Azerbaijani capitals: i becomes İ, ı becomes I."""
    return text.translate(_TO_UPPER).upper()


def cyrillic(text: str) -> str:
    """The alphabet of 1958-1991, letter by letter."""
    return text.translate(_TO_CYRILLIC).translate(_CAPITALS_TO_CYRILLIC)
