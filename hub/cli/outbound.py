"""What the commands about grants and subscribers share: opening them, and reading documents."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
import typer
from pydantic import ValidationError

from hub import bootstrap, outbound
from hub.bootstrap import Hub, required
from hub.cli.desk import answering, token_of
from hub.cli.ready import command_settings
from hub.delivery import subscribers
from hub.delivery.governance import Governance
from hub.delivery.subscriber import Subscriber
from hub.evidence.declined import Declined
from hub.settings import Settings
from hub.store.database import Database, Transaction
from schemas.errors import Refused
from schemas.record import Value

Document = TypeVar("Document", bound=Value)


@contextmanager
def governing() -> Iterator[tuple[Hub, Governance, str | None]]:
    """Open grants for one command, with the token of whoever gives it."""
    settings = command_settings()
    hub = bootstrap.build(settings)
    governance = outbound.governance(hub)
    try:
        with answering():
            yield hub, governance, token_of(settings)
    finally:
        governance.database.close()
        hub.bus.close()


@contextmanager
def transaction(settings: Settings) -> Iterator[Transaction]:
    """Open one transaction on the database for a command that needs no broker."""
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq subscribers")
    try:
        with answering(), database.transaction() as tx:
            yield tx
    finally:
        database.close()


def subscriber_of(tx: Transaction, name: str) -> Subscriber:
    """Find a subscriber; raise ``Declined`` (``subscriber-unknown``)."""
    found = subscribers.find(tx, name)
    if found is None:
        raise Declined("subscriber-unknown", "no subscriber of that name was entered")
    return found


def read_document(model: type[Document], file: Path) -> Document:
    """Read a TOML or JSON file; raise ``Refused`` naming the field and the rule, not the value."""
    try:
        return model.model_validate(_plain(file))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        explanation = fault["msg"].removeprefix("Value error, ")
        raise Refused("document", field, explanation) from None


def _plain(file: Path) -> Any:
    try:
        content = file.read_bytes()
        if file.suffix == ".toml":
            return tomllib.loads(content.decode())
        return orjson.loads(content)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise Refused("document", "", f"is not a {file.suffix or 'JSON'} file: {error}") from None
