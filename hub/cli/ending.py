"""How a command ends: exit statuses, and one friendly line instead of a traceback."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from hub.logs import mask_text
from hub.settings import InvalidSettings
from schemas.errors import HubError, Refused, Unavailable


class Exit(IntEnum):
    """Exit statuses of ``qovsaq``, the same for every command.

    ``NO`` is an answer (the ledger does not balance, the topology has drifted), not a failure.
    """

    OK = 0
    NO = 1
    USAGE = 2
    BROKEN = 3
    UNAVAILABLE = 4
    BUG = 70


class Commands(TyperGroup):
    """A group of commands that turns the failures the hub foresees into a line and a status."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; end with the status that fits what it raised."""
        try:
            return super().invoke(ctx)
        except HubError as error:
            for line in error.problems if isinstance(error, InvalidSettings) else [str(error)]:
                typer.echo(f"qovsaq: {mask_text(line)}", err=True)
            raise typer.Exit(status_of(error)) from None


def status_of(error: HubError) -> Exit:
    """Choose the exit status of a foreseen failure."""
    match error:
        case InvalidSettings() | Refused():
            return Exit.USAGE
        case Unavailable():
            return Exit.UNAVAILABLE
        case _:
            return Exit.BROKEN
