"""``qovsaq``, with a normalizer of one ministry that ends the process over one message."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from connectors._kit.contract import Connector, Item, RawMessage, Rules
from connectors._kit.discover import discover
from hub import bootstrap
from hub.cli.main import main

MINISTRY = "labour"
POISON = b'{"poison": true}'


def deadly(connector: Connector) -> Connector:
    """The same connector, but for one body."""

    def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
        if raw.body == POISON:
            os._exit(9)
        return connector.normalize(raw, rules)

    return replace(connector, normalize=normalize)


if __name__ == "__main__":
    found = discover()
    found[MINISTRY] = deadly(found[MINISTRY])
    vars(bootstrap)["discover"] = lambda: found
    main()
