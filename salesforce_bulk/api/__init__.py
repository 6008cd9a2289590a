"""One method an endpoint, for both Bulk APIs and describe."""
