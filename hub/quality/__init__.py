"""Data quality: what disagrees, what is missing, how fresh it is, and what is told of it."""
