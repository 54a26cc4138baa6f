"""Ministry of Economy (State Tax Service): taxpayers."""
