"""Ministry of Internal Affairs: persons, their documents, addresses and citizenship (3.1.2)."""
