"""Outbound: what leaves the hub, for whom, on what basis, and proof of it."""
