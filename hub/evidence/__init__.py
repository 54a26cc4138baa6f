"""What proves that nothing was lost: journal, record log, claims, notices and the ledger."""
