"""A session, and a new one in its place."""
