"""Every construct of the grammar compiles, and SQLite runs what came out."""

from __future__ import annotations

import pytest
from soql_corpus import VALID


@pytest.mark.parametrize("soql", VALID)
def test_compiles_and_runs(database, soql):
    """A valid query gives SQL that SQLite takes."""
    database.raw(soql)
