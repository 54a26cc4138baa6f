"""Peers: the same messages, taken the way the documentation of other frameworks recommends.

They are spared much: no journal, no ledger, no grants, no minimisation, no disclosure log, no
history, no golden record. One handler validates a message with pydantic, upserts its row, hands
the result to an exchange with three durable queues, and lets the message be acknowledged.
"""
