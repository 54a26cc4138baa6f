"""Numbers a sender issues itself, such as a contract's or a notice's."""

from __future__ import annotations

import re

from connectors._kit.source import Source
from schemas.errors import Refused
from schemas.identifiers import Identifier

_PLAIN = re.compile(r"[\w./-]{1,64}")


def issued(source: Source, name: str, namespace: str) -> Identifier:
    """The sender's own number as an identifier in ``namespace``, plain enough to be in a URN.

    Raises ``Refused`` (``value``) for anything but 1 to 64 letters, digits and ``. / - _``.
    """
    notation = source.text(name)
    if not _PLAIN.fullmatch(notation):
        raise Refused("value", source.at(name), "expected 1 to 64 letters, digits and . / - _")
    return Identifier(notation=notation, type=namespace)
