"""Content types: is this what the connector speaks, and which charset does the sender state?"""

from __future__ import annotations

from collections.abc import Collection

from schemas.errors import Refused

XML = ("application/xml", "text/xml")
SOAP = ("text/xml", "application/soap+xml")
JSON = ("application/json",)
NDJSON = ("application/x-ndjson", "application/jsonl")


def media_type(content_type: str) -> str:
    """The content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def check_content_type(content_type: str, accepted: Collection[str]) -> str | None:
    """Charset stated by ``content_type``, None if none is; media types compare without case.

    Raises ``Refused`` with rule ``content-type`` if the media type is not among ``accepted``.
    """
    media_type, *parameters = content_type.split(";")
    if media_type.strip().lower() not in accepted:
        raise Refused("content-type", "", f"expected {' or '.join(accepted)}")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return None
