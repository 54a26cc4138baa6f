"""Coverage-guided fuzzing of the XML and JSON entry: items or a typed refusal, and nothing else.

Not part of the suite. ``python -m tests.fuzz.entry -max_total_time=180`` needs ``atheris`` and
takes libFuzzer's options. It starts from the golden and hostile samples. An input it finds is
written to ``crash-…`` and printed with its connector; once mended, it is kept as a sample.
"""

from __future__ import annotations

import importlib
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.texts import HOSTILE_TEXTS

_BLIND, _HOSTILE = 0.3, 0.5
_TEXT = re.compile(rb"([<>\":,]+)")
_TEXTS = tuple(text.encode("utf-8", "surrogatepass") for text in HOSTILE_TEXTS)
_OPTIONS = ["-max_len=20000", "-timeout=20", "-rss_limit_mb=2048"]


@dataclass(frozen=True)
class Target:
    """What is fuzzed: everything that reads what a ministry sent."""

    connectors: list[Any]
    make_raw: Any
    rules: Any
    make_event: Any
    refused: type[Exception]
    judge: Any

    def __call__(self, data: bytes) -> None:
        """Take the first byte for the connector, the second for the content type."""
        if len(data) < len(b"xy"):
            return
        place = data[0] % (len(self.connectors) + 1)
        if place == 0:
            self._contract(data[1], data[2:])
            return
        connector = self.connectors[place - 1]
        content_type = connector.content_types[data[1] % len(connector.content_types)]
        try:
            for item in connector.normalize(
                self.make_raw(connector.name, content_type, data[2:]), self.rules
            ):
                self._publishable(connector.name, item)
        except self.refused:
            return
        except BaseException:
            sys.stderr.write(f"{connector.name} {content_type} {data[2:]!r}\n")
            raise

    def _contract(self, which: int, body: bytes) -> None:
        """Whatever a ministry serves as its contract gets a verdict."""
        connector = self.connectors[which % len(self.connectors)]
        self.judge(connector, body)

    def _publishable(self, ministry: str, item: Any) -> None:
        """What was accepted must fit the envelope and its JSON."""
        if hasattr(item, "error"):
            str(item.error).encode()
            return
        self.make_event(ministry, item).model_dump_json().encode()


def build() -> Target:
    """Import what is fuzzed; the caller has the imports instrumented."""
    from connectors._kit.contract import RawMessage
    from connectors._kit.discover import discover
    from hub.contracts.collection import contract_files
    from hub.contracts.verdict import judge
    from schemas.envelope import make_event
    from schemas.errors import Refused
    from tests.connectors.golden import RECEIVED_AT, RULES

    def raw(ministry: str, content_type: str, body: bytes) -> RawMessage:
        return RawMessage(ministry, "fuzz", content_type, body, RECEIVED_AT)

    def event(ministry: str, item: Any) -> Any:
        return make_event(
            item.record_class,
            item.record,
            subject=item.subject,
            fact_key=item.fact_key,
            ministry=ministry,
            message_id="fuzz",
            ordinal=item.ordinal,
            operation=item.operation,
            occurred_at=item.occurred_at,
            sequence=item.sequence,
            received_at=RECEIVED_AT,
        )

    def verdict(connector: Any, body: bytes) -> Any:
        return judge(body, "served", ours[connector.name])

    connectors = list(discover().values())
    ours = {connector.name: contract_files(connector) for connector in connectors}
    return Target(connectors, raw, RULES, event, Refused, verdict)


def seeds(target: Target) -> Iterator[tuple[str, bytes]]:
    """Yield every sample and contract file as an input that leads to its reader."""
    for place, connector in enumerate(target.connectors, start=1):
        for sample in sorted((connector.folder / "samples").rglob("*.*")):
            kinds = connector.content_types
            fitting = [n for n, kind in enumerate(kinds) if kind.endswith(sample.suffix[1:])]
            if fitting and not sample.name.endswith((".expected.json", ".out.json")):
                head = bytes([place, fitting[0]])
                yield f"{connector.name}-{sample.name}", head + sample.read_bytes()
        for file in sorted((connector.folder / "contract").iterdir()):
            yield (
                f"contract-{connector.name}-{file.name}",
                bytes([0, place - 1]) + file.read_bytes(),
            )


def mutated(data: bytes, pick: random.Random) -> bytes:
    """Put another text in the place of one: what keeps the syntax gets behind the parser."""
    pieces = _TEXT.split(data)
    place = 2 * pick.randrange(len(pieces) // 2 + 1)
    other = pick.choice(_TEXTS) if pick.random() < _HOSTILE else pick.choice(pieces[::2])
    return b"".join([*pieces[:place], other, *pieces[place + 1 :]])


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer's options say to stop, or something is found."""
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: .venv/bin/pip install atheris")
    with atheris.instrument_imports(include=["connectors", "schemas", "hub.contracts"]):
        target = build()

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        pick = random.Random(seed)
        if pick.random() < _BLIND:
            return bytes(atheris.Mutate(data, most))
        return mutated(data, pick)[:most]

    with tempfile.TemporaryDirectory() as corpus:
        for name, seed in seeds(target):
            Path(corpus, name).write_bytes(seed)
        atheris.Setup(
            [arguments[0], *_OPTIONS, *arguments[1:], corpus], target, custom_mutator=mutate
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
