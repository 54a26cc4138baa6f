"""``qovsaq subscribers custody``: every subscriber's account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from hub import bootstrap, outbound
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.delivery.account import Line


def custody(
    subscriber: Annotated[str | None, typer.Argument(help="Only this subscriber's.")] = None,
    anew: Annotated[bool, typer.Option(help="Count what rests again, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show, per subscriber, where every record due to it is; status 1 if any is unaccounted for.

    What has come to rest is carried forward, unless all is counted anew; that also finds what
    custody holds and the record log does not know.
    """
    hub = bootstrap.build(command_settings())
    try:
        drawn_up = outbound.custody(hub, anew=anew)
        lines = [line for line in drawn_up if subscriber in (None, line.subscriber)]
    finally:
        hub.bus.close()
    if as_json:
        show_json({"subscribers": [line.as_dict() for line in lines]})
    else:
        show_lines(lines)
    raise typer.Exit(Exit.OK if all(line.balanced for line in lines) else Exit.NO)


def show_lines(lines: Sequence[Line]) -> None:
    """Print the accounts as a table."""
    head = (
        "Subscriber",
        "due",
        "delivered",
        "withheld",
        "held",
        "parked",
        "in flight",
        "unaccounted",
        "of withheld recalled",
    )
    rows = [
        (
            line.subscriber,
            line.due,
            line.delivered,
            line.withheld,
            line.held,
            line.parked,
            line.in_flight,
            line.unaccounted,
            line.recalled,
        )
        for line in lines
    ]
    show_table("Custody per subscriber", head, rows, numbers=len(head) - 1)
