"""The pytest fixture ``salesforce_emulator``: a local org for each test.

pytest reads this module in every run of everybody who has the package installed; so it imports
nothing of ours before a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture(scope="session")
def salesforce_emulator_options() -> Mapping[str, Any]:
    """Arguments of `SalesforceEmulator`; define a fixture of this name to give others.

    ``inline=True`` is added: batches have run when their request is answered, so that tests
    neither wait nor depend on threads.
    """
    return {}


@pytest.fixture(scope="session")
def _salesforce_emulator_server(
    salesforce_emulator_options: Mapping[str, Any],
) -> Iterator[SalesforceEmulator]:
    from salesforce_bulk.emulator import SalesforceEmulator  # noqa: PLC0415

    with SalesforceEmulator(**{"inline": True, **salesforce_emulator_options}) as emulator:
        yield emulator


@pytest.fixture
def salesforce_emulator(_salesforce_emulator_server: SalesforceEmulator) -> SalesforceEmulator:
    """A Salesforce org that is new for this test, on a server that all tests share.

    New are records, custom objects, users, jobs, sessions, connected apps, faults, the log of
    requests, ids, tokens and the clock; the address stays.
    """
    _salesforce_emulator_server.reset()
    return _salesforce_emulator_server
