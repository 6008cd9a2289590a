"""Objects and fields, and the documents that describe them."""
