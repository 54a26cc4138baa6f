"""What one process of the deployment watches for all: ledger, queues, feeds, outages."""
