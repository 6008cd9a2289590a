"""Rows in, an outcome for every row out."""
