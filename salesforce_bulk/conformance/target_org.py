"""The org that is asked: raw calls to it, and what several probes look at, made once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from salesforce_bulk.client_access import access_of
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.login_answer import answer_to_login
from salesforce_bulk.conformance.probe import NotAsked
from salesforce_bulk.conformance.run_notes import RunNotes
from salesforce_bulk.errors import SessionExpired, TransportError
from salesforce_bulk.http.clock import Deadline, DeadlinePassed
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport
    from salesforce_bulk.salesforce_bulk import SalesforceBulk

_T = TypeVar("_T")

#: Rows by whose order it is seen whether any is kept: at least and at most.
FEWEST_ROWS, MOST_ROWS = 12, 100_000
#: Seconds that the org may take for one job.
_PATIENCE = 300.0
#: Seconds to connect, and of silence in an answer; and how often a call is repeated.
_TIMEOUT, _REPEATS = (10.0, 60.0), 2
#: What both APIs say of a session that has ended, whatever the status.
_SESSION_ENDED = re.compile(rb"invalid_?session_?id", re.IGNORECASE)
#: Calls that put a batch into a job.
_BATCH = re.compile(r"POST .*/job/[^/?]+/batch|PUT .*/batches|POST .*/jobs/query$")
#: What an answer says of a job that is over.
_OVER = re.compile(rb"state\W+(?:closed|aborted|failed|jobcomplete)\b", re.IGNORECASE)
#: Calls that open a job.
_JOB = re.compile(r"POST .*/(?:job|jobs/ingest|jobs/query)/?$")


class TargetOrg:
    """Args:
    bulk: a client that is logged in; its session and its connections are used.
    rows: how many rows a probe sends where more of them tell more: whether results come in the
        order of the rows, which Salesforce works on in parts of 10,000.
    notes: of what is made in the org; by default in memory only.
    """

    def __init__(
        self, bulk: SalesforceBulk, rows: int = FEWEST_ROWS, notes: RunNotes | None = None
    ) -> None:
        self.bulk = bulk
        self.rows = rows
        self.notes = notes or RunNotes()
        self._access = access_of(bulk)
        self._patient = _patient(self._access.transport)
        self._transport = self._patient
        self._made: dict[str, Any] = {}
        self._failed: dict[str, Exception] = {}
        self._exchanges: dict[str, list[Exchange]] = {}
        #: Of what is being asked or made now.
        self.exchanges: list[Exchange] = []
        #: Calls that were made, and batches among them.
        self.calls = self.batches = 0
        #: Why nothing more is asked of it; None while it answers.
        self.ended: Exception | None = None

    def end_after(self, seconds: float | None) -> None:
        """From now on calls and pauses end by then, with `DeadlinePassed`; None has no end."""
        self._transport = self._patient.until(Deadline(self._patient.clock, seconds))

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str | None] | None = None,
    ) -> Exchange:
        """One call with the session of the client, whatever its answer.

        Args:
            path: from the root of the host, such as ``/services/data``.
            headers: go before those of the session: None of a name leaves it out.

        Raises:
            TransportError: no answer came.
            SessionExpired: the session of the client has ended, and no new one can be had.
            DeadlinePassed: the time of the run is up.
        """
        session = self._session_headers(path)
        exchange = self._exchange(method, path, body, {**session, **(headers or {})})
        if not self._own_session_ended(exchange, session):
            return exchange
        self._renew()
        return self._exchange(
            method, path, body, {**self._session_headers(path), **(headers or {})}
        )

    def log_in_again(self) -> Exchange:
        """What the org answers to one more login of the client's own, without what is secret in it.

        Raises:
            NotAsked: the login would send a password, or cannot be repeated.
            LoginFailed: the org refused.
            TransportError: no answer came.
        """
        self.calls += 1
        exchange = answer_to_login(self._access.link.provider, self._transport)
        self.exchanges.append(exchange)
        return exchange

    def once(self, name: str, make: Callable[[TargetOrg], _T]) -> _T:
        """What several probes look at: made by the first that asks, kept for the others; where it
        cannot be made, none of them waits for that again."""
        if name not in self._exchanges:
            self._make(name, make)
        self.exchanges.extend(self._exchanges[name])
        if name in self._failed:
            raise self._failed[name]
        return cast("_T", self._made[name])

    def note_record(self, name: str, record_id: str) -> None:
        """A probe made a record of that object; it is deleted at the end."""
        self.notes.note_record(name, record_id)

    def note_job(self, path: str) -> None:
        """A probe opened a job; it is aborted at the end if it is not over by then.

        Args:
            path: of the job, such as ``/services/data/v62.0/jobs/ingest/750...``.
        """
        self.notes.note_job(path)

    @property
    def mark(self) -> str:
        """With which the names of all records begin that probes make."""
        return self.notes.mark

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

    @property
    def origin(self) -> str:
        """Scheme and host, such as ``https://acme.my.salesforce.com``."""
        return self.bulk.endpoint.partition("/services/")[0]

    def address(self, path: str) -> str:
        """The address of a path of this org."""
        return self.origin + path

    def wait(self, ended: Callable[[], bool]) -> None:
        """Asks until it has ended, with growing pauses.

        Raises:
            NotAsked: five minutes were not enough.
        """
        clock = self._transport.clock
        began = clock.monotonic()
        while not ended():
            waited = clock.monotonic() - began
            if waited > _PATIENCE:
                raise NotAsked(f"the org was still busy after {_PATIENCE:.0f} s; try again later")
            clock.sleep(min(10.0, max(0.05, 0.1 * waited)))

    def _make(self, name: str, make: Callable[[TargetOrg], Any]) -> None:
        before, self.exchanges = self.exchanges, []
        try:
            self._made[name] = make(self)
        except Exception as error:  # noqa: BLE001 - it is the finding of every probe that looks at this
            self._failed[name] = error
        finally:
            self._exchanges[name], self.exchanges = self.exchanges, before

    def _exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str | None]
    ) -> Exchange:
        sent = {name: value for name, value in headers.items() if value is not None}
        self.calls += 1
        self.batches += bool(_BATCH.match(f"{method} {path}"))
        try:
            answer = self._transport.send(
                method,
                self.address(path),
                headers=sent,
                body=body or None,
                repeatable=method == "GET",
            )
        except (TransportError, DeadlinePassed):
            if _JOB.match(f"{method} {path}"):
                self.notes.note_unanswered(path)
            raise
        received = {name.lower(): value for name, value in answer.headers.items()}
        spelled, status = tuple(answer.headers), answer.status_code
        exchange = Exchange(method, path, sent, body, status, received, answer.content, spelled)
        self.exchanges.append(exchange)
        if path in self.notes.jobs and status < 300 and _OVER.search(answer.content):
            self.notes.note_over(path)
        return exchange

    def _own_session_ended(self, exchange: Exchange, session: Mapping[str, str]) -> bool:
        sent = exchange.request_headers
        own = all(sent.get(name) == value for name, value in session.items())
        return own and exchange.status >= 400 and bool(_SESSION_ENDED.search(exchange.body))

    def _renew(self) -> None:
        if not self._access.renew(Secret(str(self.bulk.sessionId)), self._transport):
            self._end(SessionExpired("The session has ended; log in again and ask once more."))

    def _end(self, error: Exception) -> NoReturn:
        self.ended = error
        raise error

    def _session_headers(self, path: str) -> dict[str, str]:
        session = str(self.bulk.sessionId)
        if path.startswith("/services/async/"):
            return {"X-SFDC-Session": session}
        return {"Authorization": f"Bearer {session}"}


def _patient(transport: Transport) -> Transport:
    """The same connections, for an org of which nobody knows whether it answers."""
    patient = transport.until(Deadline(transport.clock, None))
    patient.timeout = _TIMEOUT
    patient.retry = transport.retry.new(total=_REPEATS)
    return patient
