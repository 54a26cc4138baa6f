"""``qovsaq migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.bootstrap import bring_up_to_date, required
from hub.cli.ready import command_settings


def migrate(
    grant_to: Annotated[
        str | None,
        typer.Option(help="Role the hub runs as: gets the rights it needs, none over evidence."),
    ] = None,
) -> None:
    """Bring the database to the schema of this release; run it as the owner of the tables."""
    settings = command_settings()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    typer.echo(f"the database has schema {bring_up_to_date(url, grant_to)}")
