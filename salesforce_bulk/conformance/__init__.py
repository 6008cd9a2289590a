"""Asks an org what it does, behaviour by behaviour, and holds the answers against the emulator's.

from salesforce_bulk.conformance.run import run_probes
"""
