"""Identifiers: their namespaces, and the three levels reject / warn / accept.

A parser rejects (``Refused``) what cannot be that identifier, warns (``Doubt``) about what is
unusual, and accepts the rest. The value as received is kept beside the normalized one. Letters
are upper-cased as plain ASCII: Azerbaijani casing would turn ``i`` into ``İ``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Annotated

from pydantic import Field
from stdnum.az import voen as voen_rule

from schemas.build import assemble
from schemas.errors import Refused
from schemas.fields import Text
from schemas.record import MAX_TEXT, Value

_UPPER_ASCII = str.maketrans(ascii_lowercase, ascii_uppercase)
_PLAIN_I = str.maketrans("İı", "II")
_FIN = re.compile(r"[0-9A-Z]{7}")
_DIGITS = re.compile(r"[0-9]+")
_VOEN_LENGTH = 10
_DOCUMENT_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z/-]{0,19}")
_USUAL_DOCUMENT_NUMBER = re.compile(r"AZE[0-9]{8}|[A-Z]{2}[0-9]{7}|C[0-9]{8}|(MYI|DYI)[0-9]{5,6}")
_SHOWN_AT_START, _SHOWN_AT_END = 3, 1


@dataclass(frozen=True, slots=True)
class Namespaces:
    """URN prefixes of identifier schemes: project-local, hence a setting."""

    fin: str = "urn:az:pid:fin"
    voen: str = "urn:az:org:voen"
    document: str = "urn:az:pid:doc"
    migration_person: str = "urn:az:pid:smx"
    social_insurance: str = "urn:az:pid:ssn"
    employer_insurance: str = "urn:az:org:sun"
    civil_status_act: str = "urn:az:act"
    employment_contract: str = "urn:az:contract"
    vital_event_notice: str = "urn:az:notice"
    social_status: str = "urn:az:social"
    facility: str = "urn:az:org:facility"
    territory: str = "urn:az:unit"

    @property
    def persons(self) -> frozenset[str]:
        """The prefixes under which persons are known."""
        return frozenset({self.fin, self.migration_person, self.social_insurance})


class Identifier(Value):
    """An identifier in its namespace (SEMIC ``Identifier``).

    ``notation`` is normalized, ``type`` the URN prefix of the namespace; ``received`` is the
    value as the sender wrote it, present only where it differs.
    """

    notation: Text
    type: Text
    received: Annotated[str, Field(min_length=1)] | None = None

    @property
    def urn(self) -> str:
        """Namespace and notation: ``urn:az:pid:fin:TST0001``."""
        return f"{self.type}:{self.notation}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an accepted identifier looks unusual, and what may have been meant if one can tell."""

    rule: str
    explanation: str
    proposal: str | None = None


def parse_fin(text: str, namespaces: Namespaces) -> tuple[Identifier, list[Doubt]]:
    """Read a FİN: seven Latin capitals and digits; raise ``Refused`` (``fin-format``)."""
    notation = text.strip().translate(_UPPER_ASCII)
    if not _FIN.fullmatch(notation) or len(text) > MAX_TEXT:
        raise Refused("fin-format", "", "must be seven Latin letters or digits")
    doubts = []
    if "O" in notation:
        explanation = "the letter O is not issued; perhaps a zero was meant"
        doubts.append(Doubt("fin-unusual-letter", explanation, notation.replace("O", "0")))
    elif "I" in notation:
        doubts.append(Doubt("fin-unusual-letter", "the letter I is not known to be issued"))
    return _identifier(namespaces.fin, notation, text), doubts


def parse_voen(text: str, namespaces: Namespaces) -> tuple[Identifier, list[Doubt]]:
    """Read a VÖEN: ten digits, blanks allowed; raise ``Refused`` (``voen-format``).

    Status digit and check digit only warn: published numbers exist that fail them.
    """
    notation = "".join(text.split())
    if not _DIGITS.fullmatch(notation) or len(text) > MAX_TEXT:
        raise Refused("voen-format", "", "must be ten digits")
    if len(notation) == _VOEN_LENGTH - 1:
        raise Refused("voen-format", "", "has nine digits: a leading zero was probably lost")
    if len(notation) != _VOEN_LENGTH:
        raise Refused("voen-format", "", "must be ten digits")
    doubts = []
    if notation[-1] not in "12":
        explanation = "the last digit is neither 1 (legal) nor 2 (natural person)"
        doubts.append(Doubt("voen-status-digit", explanation))
    if not _fits_check_digit(notation[:-1]):
        doubts.append(Doubt("voen-checksum", "the ninth digit is not the check digit"))
    return _identifier(namespaces.voen, notation, text), doubts


@lru_cache(maxsize=16_384)
def _fits_check_digit(nine: str) -> bool:
    """Kept, for an employer comes again with every line of a return.

    The library stops at an unusual status digit, so the check digit is tried with a usual one.
    """
    return bool(voen_rule.is_valid(nine + "1"))


def parse_document_number(
    series: str | None, number: str, namespaces: Namespaces
) -> tuple[Identifier, list[Doubt]]:
    """Join series and number of a document: ``AZE`` and ``00000001`` → ``AZE00000001``.

    At most 20 Latin letters, digits, ``/`` and ``-``; raise ``Refused``
    (``document-number-format``). Anything but the known patterns warns.
    """
    text = (series or "") + number
    notation = document_part(text)
    if not number.strip():
        raise Refused("document-number-format", "", "must not be empty")
    if not _DOCUMENT_NUMBER.fullmatch(notation) or len(text) > MAX_TEXT:
        raise Refused("document-number-format", "", "must be 1 to 20 Latin letters and digits")
    doubts = []
    if not _USUAL_DOCUMENT_NUMBER.fullmatch(notation):
        explanation = "series and number fit no known kind of document"
        doubts.append(Doubt("document-number-unusual", explanation))
    return _identifier(namespaces.document, notation, text), doubts


def document_part(text: str) -> str:
    """Normalize a series or number: no blanks, ASCII capitals, ``MYİ`` and ``myı`` as ``MYI``."""
    composed = unicodedata.normalize("NFC", "".join(text.split()))
    return composed.translate(_PLAIN_I).translate(_UPPER_ASCII)


def mask(identifier_text: str) -> str:
    """Make an identifier fit for logs: ``TST0001`` → ``TST***1``."""
    if len(identifier_text) <= _SHOWN_AT_START + _SHOWN_AT_END:
        return "***"
    return f"{identifier_text[:_SHOWN_AT_START]}***{identifier_text[-_SHOWN_AT_END:]}"


def _identifier(namespace: str, notation: str, text: str) -> Identifier:
    received = text if text != notation else None
    parts = {"notation": notation, "type": namespace, "received": received}
    return assemble(Identifier, parts)
