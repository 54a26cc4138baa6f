"""Cutting a document of any size into messages, at record boundaries and with flat memory.

Every chunk is a whole document of the same dialect, in the wrapper its records came in. The cuts
depend on nothing but the bytes, the connector and the given size: cutting again gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectors._kit import split_ndjson, split_xml
from connectors._kit.content import NDJSON, SOAP, XML, check_content_type, media_type
from connectors._kit.contract import Connector, Limits, Splitting
from connectors._kit.portions import Portion, Size
from schemas.errors import Refused

_NOT_AT_ALL = Splitting()


def splittable(connector: Connector) -> tuple[str, ...]:
    """Content types in which the connector takes documents of any size; may be none."""
    splitting = connector.splitting or _NOT_AT_ALL
    xml = [kind for kind in connector.content_types if splitting.xml and kind in (*XML, *SOAP)]
    return (*xml, *(NDJSON if splitting.ndjson else ()))


def split(
    stream: Iterable[bytes], content_type: str, connector: Connector, limits: Limits, size: Size
) -> Iterator[Portion]:
    """Cut a document that arrives in pieces.

    Raises ``Refused``: ``content-type`` if documents of this type cannot be cut, ``required`` if
    there is no record, ``too-large`` for a record over the cap of one message, and whatever makes
    the document unreadable as a whole (``encoding``, ``xml-syntax``, ``xml-doctype``,
    ``too-deep``, ``unknown-document``, ``unknown-field``).
    """
    splitting, accepted = connector.splitting or _NOT_AT_ALL, splittable(connector)
    if not accepted:
        raise Refused("content-type", "", "documents of this ministry are never split")
    charset, kind = check_content_type(content_type, accepted), media_type(content_type)
    if splitting.ndjson and kind in NDJSON:
        yield from split_ndjson.portions(stream, charset, splitting.ndjson, limits, size)
    else:
        yield from split_xml.portions(stream, charset, kind, splitting.xml, limits, size)


def split_again(
    stream: Iterable[bytes],
    content_type: str,
    connector: Connector,
    limits: Limits,
    size: Size,
    parts: Sequence[int],
) -> Iterator[Portion]:
    """Cut once more what was cut before, ``parts`` being how many records each chunk had, or
    empty where nobody remembers.

    The same bytes give the same chunks, for less: what the first cut found sound is not looked
    into again. Other bytes give other chunks, which is for the caller to notice.
    """
    member = connector.splitting.ndjson if connector.splitting else None
    if parts and member and media_type(content_type) in NDJSON:
        return split_ndjson.portions_again(stream, member, limits, parts)
    return split(stream, content_type, connector, limits, size)
