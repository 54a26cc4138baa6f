"""The only place that speaks to PostgreSQL: connections, transactions, error translation."""
