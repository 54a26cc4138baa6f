"""What every command does first: read the settings and set up the log."""

from __future__ import annotations

from hub import logs
from hub.settings import Settings, load


def command_settings() -> Settings:
    """Read the settings for a command that answers and ends: only warnings are logged."""
    settings = load()
    logs.configure("warning", "console")
    return settings


def process_settings() -> Settings:
    """Read the settings for a process that runs for long: logged as the settings say."""
    settings = load()
    logs.configure(settings.log_level, settings.log_format)
    return settings
