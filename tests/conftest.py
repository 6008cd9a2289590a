"""What all tests share: hypothesis' settings, and an org with a client logged in to it.

With ``--dialect NAME=VALUE`` or ``--dialect random:SEED`` the orgs of the fixtures speak so: what
the client does is the same in every dialect. A test that asserts the emulator's own reading, byte
for byte, says so with ``@pytest.mark.own_reading("bulk1.query.csv_*")`` and is left out then.
"""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import pytest
from hypothesis import settings

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.dialect import Dialect, random_dialect

# No deadline: how long an example takes says something of the machine, not of the code. In CI the
# examples are the same in every run; elsewhere they differ, and find more with time.
settings.register_profile("suite", deadline=None, max_examples=60)
settings.register_profile("ci", settings.get_profile("suite"), derandomize=True)
# A few examples: what `make test` tries in full on one Python, the others try in brief.
settings.register_profile("quick", settings.get_profile("ci"), max_examples=10)
# Asked for by name: pytest --hypothesis-profile=long tests/...
settings.register_profile("long", settings.get_profile("suite"), max_examples=5_000)
settings.load_profile("ci" if os.environ.get("CI") else "suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dialect",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a reading that the emulated orgs follow, or random:SEED; may be given again",
    )


def _dialect_of(config: pytest.Config) -> Mapping[str, str]:
    readings: dict[str, str] = {}
    for argument in config.getoption("--dialect"):
        name, equals, value = argument.partition("=")
        if equals:
            readings[name] = value
        else:
            readings |= random_dialect(int(name.removeprefix("random:"))).chosen
    return Dialect(readings).chosen


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests of readings that the orgs do not follow in this run."""
    spoken = _dialect_of(config)
    left_out = [
        item
        for item in items
        if any(
            fnmatchcase(name, pattern)
            for mark in item.iter_markers("own_reading")
            for pattern in mark.args
            for name in spoken
        )
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def dialect(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The readings that the orgs of the fixtures follow besides the emulator's own."""
    return _dialect_of(request.config)


@pytest.fixture
def org(dialect: Mapping[str, str]) -> Iterator[SalesforceEmulator]:
    """An org whose batches are done when they are posted."""
    with SalesforceEmulator(inline=True, dialect=dialect) as emulator:
        yield emulator


@pytest.fixture
def bulk(org: SalesforceEmulator) -> SalesforceBulk:
    return org.connect()
