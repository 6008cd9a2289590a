"""The org that is asked: raw calls to it, and what several probes look at, made once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from salesforce_bulk.client_access import access_of
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked

if TYPE_CHECKING:
    from salesforce_bulk.salesforce_bulk import SalesforceBulk

_T = TypeVar("_T")

#: What the names of records begin with that a run of probes makes, of whichever run.
MARK = "salesforce-bulk conformance"
#: Seconds that the org may take for one job.
_PATIENCE = 300.0


class AskedOrg:
    """Args:
    bulk: a client that is logged in; its session and its connections are used.
    rows: how many rows a probe sends where more of them tell more.
    """

    def __init__(self, bulk: SalesforceBulk, rows: int = 10) -> None:
        self.bulk = bulk
        self.rows = rows
        self._access = access_of(bulk)
        self._made: dict[str, Any] = {}
        self._exchanges: dict[str, list[Exchange]] = {}
        #: Of what is being asked or made now.
        self.exchanges: list[Exchange] = []
        #: With which the names of all records begin that probes make.
        self.mark = f"{MARK} {secrets.token_hex(4)}"
        #: The records that were made, as (object, id); `note_record` adds to them.
        self.records: list[tuple[str, str]] = []
        #: The paths of the jobs that were opened; `note_job` adds to them.
        self.jobs: list[str] = []

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """One call with the session of the client, whatever its answer.

        Args:
            path: from the root of the host, such as ``/services/data``.
            headers: go before those of the session: None of a name leaves it out.

        Raises:
            TransportError: no answer came.
        """
        sent = {**self._session_headers(path), **(headers or {})}
        answer = self._access.transport.send(
            method, self.address(path), headers=sent, body=body or None, repeatable=method == "GET"
        )
        received = {name.lower(): value for name, value in answer.headers.items()}
        exchange = Exchange(method, path, sent, body, answer.status_code, received, answer.content)
        self.exchanges.append(exchange)
        return exchange

    def once(self, name: str, make: Callable[[AskedOrg], _T]) -> _T:
        """What several probes look at: made by the first that asks, kept for the others."""
        if name not in self._made:
            before, self.exchanges = self.exchanges, []
            try:
                self._made[name] = make(self)
            finally:
                self._exchanges[name], self.exchanges = self.exchanges, before
        self.exchanges.extend(self._exchanges[name])
        return cast("_T", self._made[name])

    def note_record(self, name: str, record_id: str) -> None:
        """A probe made a record of that object; it is deleted at the end."""
        self.records.append((name, record_id))

    def note_job(self, path: str) -> None:
        """A probe opened a job; it is aborted at the end if it is not over by then.

        Args:
            path: of the job, such as ``/services/data/v62.0/jobs/ingest/750...``.
        """
        self.jobs.append(path)

    @property
    def version(self) -> str:
        """The API version of the client, such as ``62.0``."""
        return str(self.bulk.API_version)

    @property
    def bulk1(self) -> str:
        """The path of Bulk API 1.0."""
        return f"/services/async/{self.version}"

    @property
    def data(self) -> str:
        """The path of REST and of Bulk API 2.0."""
        return f"/services/data/v{self.version}"

    def address(self, path: str) -> str:
        """The address of a path of this org."""
        origin, _, _ = self.bulk.endpoint.partition("/services/")
        return origin + path

    def wait(self, ended: Callable[[], bool]) -> None:
        """Asks until it has ended, with growing pauses.

        Raises:
            NotAsked: five minutes were not enough.
        """
        clock = self._access.transport.clock
        began = clock.monotonic()
        while not ended():
            waited = clock.monotonic() - began
            if waited > _PATIENCE:
                raise NotAsked(f"the org was still busy after {_PATIENCE:.0f} s; try again later")
            clock.sleep(min(10.0, max(0.05, 0.1 * waited)))

    def _session_headers(self, path: str) -> dict[str, str]:
        session = str(self.bulk.sessionId)
        if path.startswith("/services/async/"):
            return {"X-SFDC-Session": session}
        return {"Authorization": f"Bearer {session}"}
