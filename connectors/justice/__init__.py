"""Ministry of Justice: civil status acts, pushed or polled as SOAP (decree 3.1.1)."""
