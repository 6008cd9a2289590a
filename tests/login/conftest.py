"""An org in http and in https, and keys for its apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from key_pair import KeyPair

from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture(params=["http", "https"])
def any_org(
    request: pytest.FixtureRequest, dialect: Mapping[str, str]
) -> Iterator[SalesforceEmulator]:
    """An org, in plain http and in https with a certificate of its own."""
    tls = request.param == "https" or None
    with SalesforceEmulator(inline=True, tls=tls, dialect=dialect) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    return KeyPair()
