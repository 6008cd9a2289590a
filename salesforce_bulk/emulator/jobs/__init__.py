"""One engine of jobs and batches for both Bulk APIs."""
