"""Each endpoint that a client can call."""
