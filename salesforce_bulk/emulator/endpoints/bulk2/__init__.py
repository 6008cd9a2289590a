"""Bulk API 2.0: ``/services/data/v{version}/jobs/...``."""
