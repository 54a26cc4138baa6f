"""Sending a document in parts: read it through, then cut and publish it, from where it stopped.

It is read twice. Only the whole tells its hash and how many chunks it has, and one that is broken
at its end is refused before anything of it is on the bus. What the first reading looked into, the
second need not, for it is the same file or is not sent.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from connectors._kit.contract import Connector, Limits
from connectors._kit.portions import Size
from connectors._kit.split import split, split_again
from hub.documents import checkpoint
from hub.documents.document import Document, Manifest, Progress, Survey, pieces
from hub.parts import in_parts
from hub.store.database import Database
from routing.bus import Publisher, Unroutable
from routing.message import Message
from schemas.errors import Refused, Stop

_AT_ONCE = 16
_MOST_PARTS = 1_000_000
"""Chunks that are remembered from one reading to the next, in 4 bytes each; 64 GB as a rule."""

_DOCUMENT_ID = re.compile(r"[!-~]{1,180}")


def _unseen(_phase: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Brings documents onto the intake exchange of their ministry, chunk by chunk."""

    database: Database
    publisher: Publisher
    clock: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    cut: Size = field(default_factory=Size)

    def load(
        self, document: Document, connector: Connector, progress: Progress = _unseen
    ) -> Manifest:
        """Send a document, or the rest of it, and return when the broker has all of it.

        Raises ``Refused`` where it cannot be cut (``split``), where its id is not one
        (``message-id-format``) or was another document's (``message-id-reused``);
        ``Unavailable`` where broker or database do not answer: send it again, it goes on from
        there.
        """
        given = document.document_id
        if given and not _DOCUMENT_ID.fullmatch(given):
            explanation = "1 to 180 printable ASCII characters, no spaces"
            raise Refused("message-id-format", "", explanation)
        manifest, parts = self._begun(document, connector, progress)
        if manifest.complete:
            return manifest
        self._publish(document, connector, manifest, parts, progress)
        with self.database.transaction() as tx:
            found = checkpoint.find(tx, manifest.ministry, manifest.document_id)
        if found is None or not found.complete:
            raise Stop("the manifest of a document vanished while it was sent")
        return found

    def _begun(
        self, document: Document, connector: Connector, progress: Progress
    ) -> tuple[Manifest, Sequence[int]]:
        """Survey a document; give its manifest, and how many records each of its chunks has, if
        that is known."""
        cut = self._cut_before(document)
        survey, parts = self._survey(document, connector, cut, progress)
        document_id = document.document_id or f"sha256-{survey.sha256}"
        begun = Manifest(
            ministry=document.ministry,
            document_id=document_id,
            lane=document.lane,
            content_type=document.content_type,
            survey=survey,
            cut=cut,
            published=0,
            completed_at=None,
        )
        with self.database.transaction() as tx:
            checkpoint.begin(tx, begun, self.clock())
            manifest = checkpoint.find(tx, document.ministry, document_id)
        if manifest is None or manifest.survey.sha256 != survey.sha256:
            explanation = "another document came under this id before"
            raise Refused("message-id-reused", "", explanation)
        known = manifest.cut == cut and len(parts) == manifest.survey.chunks
        return manifest, parts if known else ()

    def _cut_before(self, document: Document) -> Size:
        """Cut as before what was begun before, whatever the sizes are now."""
        if not document.document_id:
            return self.cut
        with self.database.transaction() as tx:
            known = checkpoint.find(tx, document.ministry, document.document_id)
        return known.cut if known else self.cut

    def _survey(
        self, document: Document, connector: Connector, cut: Size, progress: Progress
    ) -> tuple[Survey, Sequence[int]]:
        digest, total, read = hashlib.sha256(), document.path.stat().st_size, 0

        def seen(piece: bytes) -> None:
            nonlocal read
            digest.update(piece)
            read += len(piece)
            progress("read", read, total)

        stream = pieces(document.path, seen)
        chunks = records = 0
        parts = array("I")
        for portion in split(stream, document.content_type, connector, self.limits, cut):
            chunks += 1
            records += portion.records
            if chunks <= _MOST_PARTS:
                parts.append(portion.records)
        return Survey(digest.hexdigest(), read, records, chunks), parts

    def _publish(
        self,
        document: Document,
        connector: Connector,
        manifest: Manifest,
        parts: Sequence[int],
        progress: Progress,
    ) -> None:
        progress("sent", manifest.published, manifest.survey.chunks)
        for last, messages in self._messages(document, connector, manifest, parts):
            try:
                self.publisher.publish(messages)
            except Unroutable as error:
                raise Stop(f"{error}; run `qovsaq topology declare`") from None
            with self.database.transaction() as tx:
                checkpoint.advance(tx, manifest, last, self.clock())
            progress("sent", last, manifest.survey.chunks)

    def _messages(
        self, document: Document, connector: Connector, manifest: Manifest, parts: Sequence[int]
    ) -> Iterator[tuple[int, list[Message]]]:
        """A few chunks at a time that are not on the bus yet, with the number of the last."""
        digest = hashlib.sha256()
        stream = pieces(document.path, digest.update)
        cut = split_again(
            stream, document.content_type, connector, self.limits, manifest.cut, parts
        )
        rest = islice(enumerate(cut, 1), manifest.published, None)
        for some in in_parts(rest, _AT_ONCE):
            last = some[-1][0]
            if last >= manifest.survey.chunks:
                more = next(rest, None)
                if more or digest.hexdigest() != manifest.survey.sha256:
                    raise Stop("the file changed while it was sent")
            now = self.clock()
            yield last, [manifest.message(*each, document.sender, now) for each in some]
