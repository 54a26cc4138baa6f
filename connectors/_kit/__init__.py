"""What connectors share: their contract, hardened parsers, SOAP, and the fault table."""
