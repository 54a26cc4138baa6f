"""Which encoding an XML body is in, by mark, declaration and content type, and its decoding."""

from __future__ import annotations

import codecs
import re

from schemas.errors import Refused

_ALLOWED = frozenset(
    {"utf-8", "ascii", "utf-16", "iso8859-1", "iso8859-9", "cp1251", "cp1252", "cp1254"}
)
_DECLARATION = re.compile(
    rb"""<\?xml\s[^>]{0,100}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._-]{1,40})["']"""
)
_SIGNS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ONE_BYTE = frozenset({"iso8859-1", "iso8859-9", "cp1251", "cp1252", "cp1254"})
_UNMARKED_UTF16 = {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}


def decode_xml(body: bytes, charset: str | None) -> str:
    """Text of an XML body, without a byte order mark.

    Raises ``Refused`` (``encoding``) as ``xml_encoding`` does, and on bytes that are not in the
    encoding.
    """
    name = xml_encoding(body, charset)
    DisguiseWatch(name).look(body)
    try:
        return body.decode(name).removeprefix("\ufeff")
    except UnicodeError:
        raise Refused("encoding", "", f"the bytes are not {name}") from None


def xml_encoding(head: bytes, charset: str | None) -> str:
    """Codec of an XML body that begins with ``head`` (its first 400 bytes, or all of it).

    Mark, declaration and the content type's ``charset`` must not contradict each other; without
    any the body is UTF-8. Raises ``Refused`` (``encoding``) on contradiction, and on an encoding
    outside the short list the hub reads.
    """
    stated = {_canonical(name) for name in (charset, _declared(head)) if name}
    unmarked = _UNMARKED_UTF16.get(head[:2])
    sign = next((name for mark, name in _SIGNS if head.startswith(mark)), None)
    seen = "utf-16" if unmarked else sign
    if len(stated | ({seen} if seen else set())) > 1:
        raise Refused("encoding", "", "mark, declaration and charset contradict each other")
    return unmarked or seen or next(iter(stated), "utf-8")


class DisguiseWatch:
    """Looks for UTF-8 under the name of an encoding of one byte a letter.

    It would be read as nonsense that looks like letters. Text of one byte a letter is valid UTF-8
    by accident only: the first letter that is not ASCII's decides.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")() if name in _ONE_BYTE else None

    def look(self, piece: bytes) -> None:
        """Look at the next piece of the document; raise ``Refused`` (``encoding``)."""
        if self._decoder is None:
            return
        try:
            in_disguise = not self._decoder.decode(piece).isascii()
        except UnicodeDecodeError:
            self._decoder = None
            return
        if in_disguise:
            raise Refused("encoding", "", f"the bytes are UTF-8, but {self._name} is stated")


def _declared(body: bytes) -> str | None:
    """Encoding named by the declaration; a UTF-16 one is read by leaving out its zero bytes."""
    head = body[:400].replace(b"\x00", b"").removeprefix(codecs.BOM_UTF8)
    match = _DECLARATION.match(head.lstrip(b"\xff\xfe"))
    return match[1].decode() if match else None


def _canonical(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = ""
    family = "utf-16" if known in ("utf-16-le", "utf-16-be") else known
    if family not in _ALLOWED:
        raise Refused("encoding", "", "not an encoding the hub reads")
    return family
