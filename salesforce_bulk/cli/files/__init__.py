"""Rows in files and pipes, by extension and by signature."""
