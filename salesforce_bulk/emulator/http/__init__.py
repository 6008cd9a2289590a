"""Connections, messages and documents of the protocols, and their faults."""
