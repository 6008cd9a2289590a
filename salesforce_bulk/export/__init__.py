"""SOQL in, a reconciled stream of rows out."""
