"""State Migration Service: foreigners, their permits, protection and addresses, and their FİN."""
