"""The command line as a test calls it: in this process, with nothing set but what is given."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import structlog
from typer.testing import CliRunner

from hub.cli.main import app
from hub.settings import table


class Answer(NamedTuple):
    """How a command ended and what it printed where."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result as a program reads it: nothing else may be on standard output."""
        return json.loads(self.out)


class CommandLine:
    """``qovsaq`` with these settings and no others."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings

    def __call__(self, *words: str) -> Answer:
        """Run a command; what nobody foresaw comes out as it is."""
        with pytest.MonkeyPatch.context() as environment, logging_as_it_was():
            for name, _, _ in table():
                environment.delenv(name, raising=False)
            for name, value in self.settings.items():
                environment.setenv(name, value)
            result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        return Answer(result.exit_code, result.stdout, result.stderr)


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Undo what the block does to the process's logging."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
