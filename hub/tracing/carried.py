"""The place in a trace as messages carry it: W3C Trace Context, header ``traceparent``.

``tracestate`` and ``baggage`` are not read: they may hold anything, and would be passed on.
"""

from __future__ import annotations

import re

_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def carried(text: object) -> str | None:
    """Give a ``traceparent`` (version 00) as it came; None where it is absent or none."""
    return text if isinstance(text, str) and _FORM.fullmatch(text) else None
