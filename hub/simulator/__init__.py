"""Synthetic ministries: deterministic messages in every dialect, and an account of them.

Written from the wire contracts alone: nothing here knows how the hub reads a message, so that
agreement between this account and the hub's ledger means something.
"""
