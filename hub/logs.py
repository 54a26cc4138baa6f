"""Structured logs of every library and of our own, with identifiers masked.

Personal identifiers must not reach a log in the clear, whoever wrote the line: a processor masks
everything that looks like one in every text of a line, tracebacks included.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from schemas.identifiers import mask

# FİN, VÖEN, SSN, person numbers within URNs; document numbers, which URNs carry in lower case.
_IDENTIFIERS = re.compile(
    r"\b(?:[0-9A-Z]{7}|(?=[a-z]*\d)[0-9a-z]{7}|\d{10}|\d{13}|(?<=:)\d{8}"
    r"|(?i:AZE\d{8}|[A-Z]{2}\d{7}|C\d{8}|(?:MYI|DYI)\d{5,6}))\b"
)


def mask_text(text: str) -> str:
    """Mask whatever in a text looks like an identifier of a person or a taxpayer."""
    return _IDENTIFIERS.sub(lambda found: mask(found.group()), text)


def mask_identifiers(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Mask identifiers in all texts of a log line, however deep (a structlog processor)."""
    return {key: _masked(value) for key, value in line.items()}


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's lines to ``stream`` as JSON or for a console.

    Standard error is where they go unless told otherwise.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        mask_identifiers,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        foreign_pre_chain=shared,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for chatty in ("amqp", "kombu", "zeep", "urllib3", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It tells every failed reconnect a dozen times; routing.lifeline tells it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask_text(value)
        case Mapping():
            return {key: _masked(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [_masked(item) for item in value]
        case _:
            return value
