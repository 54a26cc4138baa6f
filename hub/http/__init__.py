"""The door for ministries that push over HTTP: SOAP, XML and JSON."""
