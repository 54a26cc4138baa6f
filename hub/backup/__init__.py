"""Backup and restore of database, settings and topology (docs/adr/0017)."""
