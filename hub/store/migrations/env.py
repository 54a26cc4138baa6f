"""Alembic environment: one online connection handed over by ``hub.store.upgrade``."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, version_table="schema_version", transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
