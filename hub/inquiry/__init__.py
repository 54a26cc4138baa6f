"""What auditors and operators ask of all parts together: one message's life, one person's data."""
