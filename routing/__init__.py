"""How a message moves: names, topology, confirmed publishing, consuming, retry and parking."""
