"""The load that ``salesforce-bulk demo`` shows."""
