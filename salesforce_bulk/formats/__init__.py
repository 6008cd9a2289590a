"""Rows to bytes and back, incremental."""
