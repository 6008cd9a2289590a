"""An org of its own, and a client logged in to it, for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture
def org() -> Iterator[SalesforceEmulator]:
    """An org whose batches are done when they are posted."""
    with SalesforceEmulator(inline=True) as emulator:
        yield emulator


@pytest.fixture
def bulk(org: SalesforceEmulator) -> SalesforceBulk:
    return org.connect()
