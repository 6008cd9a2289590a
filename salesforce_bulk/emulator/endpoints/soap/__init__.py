"""SOAP: login, and the few calls on records that have no other form."""
