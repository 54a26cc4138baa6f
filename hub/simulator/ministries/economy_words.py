"""Words that the XML batches of the Ministry of Economy share."""

from __future__ import annotations

from hub.simulator.form import Content, Occasion
from hub.simulator.markup import instant

OPERATIONS = {
    "change": "CHANGE",
    "correct": "CORRECTION",
    "annul": "ANNULMENT",
    "restore": "RESTORATION",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFICATION",
}


def header(occasion: Occasion) -> Content:
    """Begin a batch."""
    return {"Header": {"DocumentId": occasion.message_id, "CreatedAt": instant(occasion.at)}}
