"""Whether the live path has become dearer: its CPU per record over that of a bare forward.

Both are measured in the same run, on the same machine, as CPU time and not as seconds, so that a
slow or busy machine changes little. Counted are processes of our own: intake and registry over the
forwarding client. The servers are left out, for others may be using them.

``python -m benchmarks.regression`` measures and judges; ``--settle`` keeps what it measured as
the new measure of things.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.limits import limits
from benchmarks.live import live
from benchmarks.servers import Servers, servers

KEPT = Path(__file__).parent / "results" / "regression.json"
RECORDS, FORWARDED = 3000, 20_000
"""Enough of each that the clock of ``/proc``, 10 ms, does not show."""

_OURS = ("intake", "registry")
# 6.0 to 6.8 on a quiet machine was 8.6 to 9.3 where twenty processes wait for two cores.
_LEAST_TOLERANCE = 0.6
_SPREADS = 3


@dataclass(frozen=True, slots=True)
class Measure:
    """The ratio as it should be, and by what share it may be exceeded."""

    ratio: float
    tolerance: float

    def complaint(self, ratio: float) -> str | None:
        """Say what is wrong with a ratio; None if it is no worse than it may be."""
        most = self.ratio * (1 + self.tolerance)
        if ratio <= most:
            return None
        return (
            f"a record costs {ratio:.2f} times a bare forward; it was {self.ratio:.2f}, "
            f"and {most:.2f} is the most that measuring explains"
        )


def measured(servers: Servers, records: int = RECORDS) -> float:
    """CPU of intake and registry for a record, over that of forwarding its message."""
    bare = limits(servers, FORWARDED)["forward"].cpu["client"]
    ours = live(servers, records, bodies=0, kinds=("registry", "relay")).cpu
    return sum(ours[name] for name in _OURS) / bare


def kept() -> Measure:
    """What was settled last."""
    return Measure(**json.loads(KEPT.read_text("utf-8")))


def settled(ratios: list[float]) -> Measure:
    """A measure from several runs: their median, and thrice their spread but not too little."""
    middle = statistics.median(ratios)
    spread = (max(ratios) - min(ratios)) / 2 / middle
    return Measure(round(middle, 2), round(max(_LEAST_TOLERANCE, _SPREADS * spread), 2))


def main(
    settle: Annotated[bool, typer.Option(help="Keep the result of five runs.")] = False,
) -> None:
    """Measure, and say whether it has become dearer; status 1 if it has."""
    with servers() as found:
        if settle:
            ratios = [measured(found) for _ in range(5)]
            KEPT.write_text(json.dumps(asdict(settled(ratios))) + "\n", "utf-8")
            typer.echo(f"{ratios} -> {kept()}")
            return
        ratio = measured(found)
    complaint = kept().complaint(ratio)
    typer.echo(complaint or f"{ratio:.2f} times a bare forward, settled {kept()}")
    raise typer.Exit(bool(complaint))


if __name__ == "__main__":
    typer.run(main)
