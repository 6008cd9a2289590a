"""What all tests share: hypothesis' settings, and an org with a client logged in to it."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator

# No deadline: how long an example takes says something of the machine, not of the code. In CI the
# examples are the same in every run; elsewhere they differ, and find more with time.
settings.register_profile("suite", deadline=None, max_examples=60)
settings.register_profile("ci", settings.get_profile("suite"), derandomize=True)
# A few examples: what `make test` tries in full on one Python, the others try in brief.
settings.register_profile("quick", settings.get_profile("ci"), max_examples=10)
# Asked for by name: pytest --hypothesis-profile=long tests/...
settings.register_profile("long", settings.get_profile("suite"), max_examples=5_000)
settings.load_profile("ci" if os.environ.get("CI") else "suite")


@pytest.fixture
def org() -> Iterator[SalesforceEmulator]:
    """An org whose batches are done when they are posted."""
    with SalesforceEmulator(inline=True) as emulator:
        yield emulator


@pytest.fixture
def bulk(org: SalesforceEmulator) -> SalesforceBulk:
    return org.connect()
