"""What commands show: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import orjson
import typer
from rich.console import Console, JustifyMethod
from rich.table import Table

_PIPED_WIDTH = 160

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def show_json(value: object) -> None:
    """Print a result for programs, on standard output and nothing else there."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def show_table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: int = 0
) -> None:
    """Print a table for people; the last ``numbers`` columns are set flush right."""
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(head):
        justify: JustifyMethod = "right" if place >= len(head) - numbers else "left"
        table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    _console().print(table)


def _console() -> Console:
    """A console as wide as the terminal; what is piped somewhere is not squeezed into one."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPED_WIDTH)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
