"""Ministry of Labour and Social Protection of Population: employment contract notices."""
