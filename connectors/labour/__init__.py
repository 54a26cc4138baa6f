"""Ministry of Labour and Social Protection of Population: contracts and social statuses."""
