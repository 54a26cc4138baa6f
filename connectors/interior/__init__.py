"""Ministry of Internal Affairs: persons and their identity documents (decree 3.1.2)."""
