"""State Migration Service: foreigners, their permits and their FİN."""
