"""The documents of the two Bulk APIs: a builder and a reader for each endpoint."""
