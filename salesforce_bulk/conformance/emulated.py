"""The emulator as an org that is asked: what it answers, it answers again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from salesforce_bulk.conformance.target_org import FEWEST_ROWS, TargetOrg
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.login.client_credentials import ClientCredentialsLogin


class WorkWhileWaiting:
    """A clock whose pauses take no time; an org's batches run in them, and never else: what is
    posted is queued first, as in an org that others use too."""

    def __init__(self, org: SalesforceEmulator) -> None:
        self._now = 0.0
        self._engine = org.engine
        self._engine.pause()

    def monotonic(self) -> float:
        """Seconds of all pauses."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """The batches run."""
        self._now += seconds
        self._engine.run_pending()


@contextmanager
def emulated_org(
    dialect: Mapping[str, str], rows: int = FEWEST_ROWS, version: str | None = None
) -> Iterator[TargetOrg]:
    """An emulator with a dialect, to be asked with probes.

    Args:
        rows: as of `TargetOrg`.
        version: of the API; by default the client's.
    """
    with SalesforceEmulator(inline=True, dialect=dialect) as emulator:
        options = {} if version is None else {"API_version": version}
        login = ClientCredentialsLogin(
            emulator.consumer_key, emulator.consumer_secret, emulator.url
        )
        client = emulator.connect(login=login, clock=WorkWhileWaiting(emulator), **options)
        yield TargetOrg(client, rows)
