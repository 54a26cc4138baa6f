"""``qovsaq migrate``."""

from __future__ import annotations

import typer

from hub.bootstrap import bring_up_to_date, required
from hub.cli.ready import command_settings


def migrate() -> None:
    """Bring the database to the schema of this release."""
    settings = command_settings()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    typer.echo(f"the database has schema {bring_up_to_date(url)}")
