"""A document that is sent in parts, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors._kit.portions import Portion, Size
from routing import keys
from routing.message import (
    CHUNK,
    CHUNKS,
    DOCUMENT,
    DOCUMENT_SHA256,
    PUBLISHED_AT,
    SENDER,
    HeaderValue,
    Message,
)

_PIECE = 64 * 1024

Progress = Callable[[str, int, int], None]
"""``(phase, done, total)``: ``read`` counts bytes, ``sent`` counts chunks."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as its ministry made it; ``document_id`` is empty where it gave none."""

    path: Path
    ministry: str
    content_type: str
    lane: str
    document_id: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading of the whole document told; nothing of it is on the bus before."""

    sha256: str
    size: int
    records: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """How a document was cut, and how far it is on the bus: wholly, with ``completed_at``."""

    ministry: str
    document_id: str
    lane: str
    content_type: str
    survey: Survey
    cut: Size
    published: int
    completed_at: datetime | None

    @property
    def complete(self) -> bool:
        """Whether the broker has confirmed every chunk."""
        return self.completed_at is not None

    def described(self) -> dict[str, Any]:
        """Render it for whoever sent the document."""
        return {
            "documentId": self.document_id,
            "ministry": self.ministry,
            "lane": self.lane,
            "contentType": self.content_type,
            "sha256": self.survey.sha256,
            "bytes": self.survey.size,
            "records": self.survey.records,
            "chunks": self.survey.chunks,
            "published": self.published,
            "completedAt": self.completed_at.isoformat() if self.completed_at else None,
        }

    def message_id(self, number: int) -> str:
        """Id of the message with chunk ``number``, from 1: derived, never drawn."""
        return f"{self.document_id}/{number}"

    def message(self, number: int, portion: Portion, sender: str, now: datetime) -> Message:
        """Make the message of chunk ``number``; ``sender`` is empty for an operator's file."""
        headers: dict[str, HeaderValue] = {
            PUBLISHED_AT: now.isoformat(),
            DOCUMENT: self.document_id,
            DOCUMENT_SHA256: self.survey.sha256,
            CHUNK: number,
            CHUNKS: self.survey.chunks,
        }
        return Message(
            exchange=keys.intake_exchange(self.ministry),
            routing_key=self.lane,
            body=portion.body,
            message_id=self.message_id(number),
            content_type=portion.content_type,
            headers=headers | ({SENDER: sender} if sender else {}),
            timestamp=now,
        )


def pieces(path: Path, seen: Callable[[bytes], None]) -> Iterator[bytes]:
    """Read a file in pieces of 64 KiB, telling ``seen`` of each."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            seen(piece)
            yield piece
