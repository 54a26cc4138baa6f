"""Drills: named tests of a deployment with messages that are marked as tests (decree 2.9.2)."""
