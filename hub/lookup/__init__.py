"""Looking up persons and legal entities, for bodies with a basis (decree 2.10.7)."""
