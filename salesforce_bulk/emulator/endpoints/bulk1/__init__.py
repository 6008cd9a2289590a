"""Bulk API 1.0: ``/services/async/{version}/...``."""
