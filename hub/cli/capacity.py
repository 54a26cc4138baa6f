"""``qovsaq capacity``: what a load needs, now and at ten and a hundred times its size."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.capacity import PROCESSES, SERVERS, Load, Need, grown, measured, peak_of
from hub.cli.display import AsJson, show_json, show_table


def capacity(
    per_day: Annotated[float, typer.Option(min=1, help="Records on a usual day.")] = 30_000,
    peak: Annotated[
        float | None, typer.Option(min=0.001, help="Records a second at the peak; else reckoned.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=24, help="In which a day's come.")] = 8,
    factor: Annotated[float, typer.Option(min=1, help="Peak over the mean of those.")] = 10,
    bodies: Annotated[int, typer.Option(min=0, help="Bodies told of each record.")] = 3,
    retention_days: Annotated[int, typer.Option(min=1, help="Days evidence is kept.")] = 1_095,
    facts: Annotated[int, typer.Option(min=0, help="Facts in the registry.")] = 40_000_000,
    as_json: AsJson = False,
) -> None:
    """Reckon processes, cores and disk of a load, and what gives way first as it grows.

    From measured costs (docs/scaling.md); needs neither broker nor database.
    """
    most = peak if peak is not None else peak_of(per_day, hours, factor)
    needs = grown(Load(most, per_day, bodies, retention_days, facts), measured())
    if as_json:
        show_json({f"{times}x": need.as_dict() for times, need in needs.items()})
        return
    head = ("", *(f"{times}×" for times in needs))
    rows = [("records/s at the peak", *(f"{most * times:,.1f}" for times in needs))]
    rows += [(f"cores: {name}", *(_cores(need, name) for need in needs.values()))
             for name in (*PROCESSES, *SERVERS)]  # fmt: skip
    rows += [(f"processes: {name}", *(str(need.processes[name]) for need in needs.values()))
             for name in PROCESSES]  # fmt: skip
    rows += [
        ("cores in all", *(str(need.all_cores) for need in needs.values())),
        ("disk of the database, GB", *(f"{need.disk_gb:,.0f}" for need in needs.values())),
        ("its log, MB/s", *(f"{need.log_mb_per_s:,.2f}" for need in needs.values())),
        ("gives way first", *(need.first_limit for need in needs.values())),
        ("which bears times this", *(f"{need.headroom:,.2f}" for need in needs.values())),
    ]
    show_table("Capacity", head, rows, numbers=len(needs))


def _cores(need: Need, name: str) -> str:
    return f"{need.cores[name]:.3f}"
