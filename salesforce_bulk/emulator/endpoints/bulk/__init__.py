"""Both Bulk APIs."""
