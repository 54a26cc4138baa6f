"""What runs: intake, registry, evidence, settings, metrics and the command line."""
