"""REST: records, queries, descriptions, composites and searches."""
