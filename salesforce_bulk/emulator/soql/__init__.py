"""SOQL: text to a tree (`parse`), what bulk refuses (`restrict`), SQLite's SQL (`compile`)."""
