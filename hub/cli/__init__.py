"""The command line: ``qovsaq``."""

from hub.cli.main import main

__all__ = ["main"]
