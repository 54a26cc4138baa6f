"""The Agency as the first consumer: what its own systems read once the registry holds it."""
