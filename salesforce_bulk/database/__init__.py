"""Arrow batches into a table of a database, whole or not at all."""
