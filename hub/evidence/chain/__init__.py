"""The chain over what may never change: sealed in the background, verified by anybody."""
