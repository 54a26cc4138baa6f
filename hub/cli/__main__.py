"""``python -m hub.cli`` is ``qovsaq``."""

from hub.cli.main import main

main()
