"""The documents in the how-to are documents that the commands take."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from schemas.grant_document import GrantDocument
from schemas.subscriber_document import SubscriberDocument

HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "connect-a-subscriber.md"


def test_subscriber_and_grant_of_the_howto_are_taken_as_they_are() -> None:
    text = HOWTO.read_text(encoding="utf-8")
    subscriber, grant = (
        tomllib.loads(part) for part in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    )
    entered = SubscriberDocument.model_validate(subscriber)
    granted = GrantDocument.model_validate(grant)
    assert granted.subscriber == entered.subscriber
    assert set(granted.records) <= set(entered.records)
