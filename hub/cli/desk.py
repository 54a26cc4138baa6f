"""What the commands of the desk share: opening it, whose token it is, and an answer of no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import typer

from hub import bootstrap
from hub.bootstrap import Hub
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.deadletters.desk import Desk
from hub.evidence.declined import Declined
from hub.settings import Settings


@contextmanager
def answering() -> Iterator[None]:
    """Turn what the desk declines into a line and the status of an answer of no."""
    try:
        yield
    except Declined as declined:
        typer.echo(f"qovsaq: {declined}", err=True)
        raise typer.Exit(Exit.NO) from None


@contextmanager
def at_the_desk() -> Iterator[tuple[Hub, Desk, str | None]]:
    """Open hub and desk for one command, with the token of whoever gives it."""
    settings = command_settings()
    hub = bootstrap.build(settings)
    desk = hub.desk()
    try:
        with answering():
            yield hub, desk, token_of(settings)
    finally:
        desk.database.close()
        hub.bus.close()


def token_of(settings: Settings) -> str | None:
    """Read the operator's token: it comes from the environment, never by a flag."""
    return settings.operator_token.get_secret_value() if settings.operator_token else None


def plain(value: Any) -> Any:
    """Render ids as hex digits and bytes as text, for JSON."""
    match value:
        case UUID():
            return value.hex
        case bytes():
            return value.decode(errors="replace")
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
