"""Alembic migrations, written as plain SQL; they run on PostgreSQL 15 to 18."""
