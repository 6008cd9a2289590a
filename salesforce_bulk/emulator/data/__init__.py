"""The records of an org: written, kept, locked and deleted by its rules."""
