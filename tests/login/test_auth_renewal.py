"""A session that expires: renewed once for all threads, and the call goes on."""

from __future__ import annotations

import multiprocessing
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from operator import methodcaller
from typing import Any

import pytest
import requests
from fast_clock import FastClock
from probing import flips_of
from raw_server import (
    BATCH,
    BATCH_ID,
    COMPLETED,
    CSV_BODY,
    EXPIRED,
    HTML,
    JOB,
    JOB_ID,
    RESET,
    RESULT,
    RESULT_IDS,
    ROW_RESULTS,
    RawServer,
    Received,
    http,
    logged_in,
    login_refused,
)
from urllib3 import Retry

from salesforce_bulk import (
    AmbiguousUpload,
    ClientCredentialsLogin,
    LoginFailed,
    SalesforceBulk,
    SessionExpired,
    TransportError,
)
from salesforce_bulk.emulator import SalesforceEmulator

THREADS = 8


class Org(RawServer):
    """Its logins give session-1, session-2, ...; only the last of them is good."""

    def __init__(self) -> None:
        super().__init__(answer=self._reply)
        self.logins = 0
        self.good = ""
        self.login_answer: Any = None
        self.together: threading.Barrier | None = None

    def _reply(self, request: Received) -> Any:
        if "/Soap/" in request.path:
            self.logins += 1
            if self.login_answer is not None:
                return self.login_answer()
            self.good = f"session-{self.logins}"
            return logged_in(self.url, self.good)
        if request.session != self.good:
            if self.together is not None:
                self.together.wait(10)
            return EXPIRED
        return self._result(request)

    def _result(self, request: Received) -> bytes:
        path = request.path
        if path.endswith("/result/752"):
            return RESULT
        if path.endswith("/result"):
            return RESULT_IDS
        if path.endswith("/batch"):
            return BATCH
        return COMPLETED if "/batch/" in path else JOB

    def expire(self) -> None:
        self.good = "none"

    @property
    def calls(self) -> list[Received]:
        return [request for request in self.received if "/Soap/" not in request.path]


@pytest.fixture
def org() -> Iterator[Org]:
    with Org() as org:
        yield org


def client(org: Org, **options: Any) -> SalesforceBulk:
    bulk = SalesforceBulk(
        username="a@b.c",
        password="p",
        security_token="t",
        login_url=org.url,
        **{"timeout": 10, "clock": FastClock(), "retry": Retry(0), **options},
    )
    bulk.job_content_types[JOB_ID] = "CSV"
    return bulk


CALLS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "create_job": lambda bulk: bulk.create_insert_job("Account"),
    "job_status": lambda bulk: bulk.job_status(JOB_ID),
    "close_job": lambda bulk: bulk.close_job(JOB_ID),
    "post_batch": lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"),
    "batch_state": lambda bulk: bulk.batch_state(BATCH_ID, JOB_ID),
    "result ids": lambda bulk: bulk.get_query_batch_result_ids(BATCH_ID, JOB_ID),
    "download": lambda bulk: bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read(),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_goes_on_after_a_renewal(org: Org, call: str) -> None:
    """A call that meets an expired session is repeated with the new one, after one login."""
    wanted = CALLS[call](client(org))
    bulk = client(org)
    org.expire()
    assert CALLS[call](bulk) == wanted
    assert org.logins == 3
    assert bulk.sessionId == "session-3"


@pytest.mark.parametrize("gzip_requests", [False, True])
@pytest.mark.parametrize("shape", ["bytes", "iterator"])
def test_the_body_is_sent_again(org: Org, shape: str, gzip_requests: bool) -> None:
    """A batch from a generator that can be read once arrives whole at the second try."""
    rows = [b"Name\n", *(b"Example Company %d\n" % number for number in range(500))]
    bulk = client(org, gzip_requests=gzip_requests)
    org.expire()
    bulk.post_batch(JOB_ID, b"".join(rows) if shape == "bytes" else iter(rows))
    first, second = org.calls
    assert first.body == second.body
    assert second.text.encode() == b"".join(rows)
    assert (second.headers.get("content-encoding") == "gzip") is gzip_requests


def test_threads_share_one_login(org: Org) -> None:
    """Eight threads that meet the expired session together log in once, and all go on."""
    bulk = client(org)
    org.together = threading.Barrier(THREADS)
    org.expire()
    with ThreadPoolExecutor(THREADS) as pool:
        states = list(pool.map(lambda _: bulk.job_status(JOB_ID)["state"], range(THREADS)))
    assert states == ["Open"] * THREADS
    assert org.logins == 2


def test_threads_share_a_refused_login(org: Org) -> None:
    """Eight threads whose login is refused try the password once: no lock-out for them all."""
    bulk = client(org)
    org.together = threading.Barrier(THREADS)
    org.expire()
    # A login slow enough for the others to come and wait for it.
    slow = threading.Event()

    def refuse() -> bytes:
        slow.wait(0.3)
        return login_refused()

    org.login_answer = refuse

    def ask(_: int) -> BaseException | None:
        try:
            bulk.job_status(JOB_ID)
        except LoginFailed as error:
            return error
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        errors = list(pool.map(ask, range(THREADS)))
    assert all(isinstance(error, LoginFailed) for error in errors)
    assert len(set(map(id, errors))) == THREADS
    assert {str(error).count("not carried out") for error in errors} == {1}
    assert org.logins == 2


def test_a_login_that_failed_is_tried_again_by_the_next_call(org: Org) -> None:
    """One failed renewal does not end the client."""
    bulk = client(org)
    org.expire()
    org.login_answer = lambda: http(HTML, 503, "text/html")
    with pytest.raises(TransportError):
        bulk.job_status(JOB_ID)
    org.login_answer = None
    assert bulk.job_status(JOB_ID)["state"] == "Open"


def test_sessions_that_expire_again_are_renewed_again(org: Org) -> None:
    """Each expiry costs one login."""
    bulk = client(org)
    for number in range(2, 5):
        org.expire()
        bulk.job_status(JOB_ID)
        assert org.logins == number


def test_a_session_that_is_refused_when_new_is_an_error(org: Org) -> None:
    """Two logins whose sessions are refused at once end the call; one may have been ended by
    somebody meanwhile."""
    bulk = client(org)
    org.answer = lambda r: logged_in(org.url, "stillborn") if "/Soap/" in r.path else EXPIRED
    with pytest.raises(SessionExpired) as caught:
        bulk.job_status(JOB_ID)
    assert caught.value.job_id == JOB_ID
    assert [("/Soap/" in r.path) for r in org.received] == [True, False] * 3


def test_a_session_only_client_fails_at_once(org: Org) -> None:
    """Without a login there is one call, and the error says what to do."""
    bulk = SalesforceBulk(sessionId="stale", host=org.url, clock=FastClock())
    with pytest.raises(SessionExpired, match="give the client the new session") as caught:
        bulk.job_status(JOB_ID)
    assert len(org.received) == 1
    assert caught.value.error_code == "InvalidSessionId"
    assert caught.value.status_code == 400
    assert "stale" not in str(caught.value)


def test_a_session_that_the_caller_sets_is_used(org: Org) -> None:
    """sessionId set by the caller counts from the next call on, without a login."""
    bulk = SalesforceBulk(sessionId="stale", host=org.url, clock=FastClock())
    org.good = "fresh"
    bulk.sessionId = "fresh"
    assert bulk.job_status(JOB_ID)["state"] == "Open"
    assert org.logins == 0


def test_a_session_set_during_the_call_is_used(org: Org) -> None:
    """A session that somebody set while the call was on its way is tried before a login."""
    bulk = SalesforceBulk(sessionId="stale", host=org.url, clock=FastClock())
    org.good = "fresh"

    def answer(request: Received) -> Any:
        bulk.sessionId = "fresh"
        return JOB if request.session == "fresh" else EXPIRED

    org.answer = answer
    assert bulk.job_status(JOB_ID)["state"] == "Open"
    assert [r.session for r in org.received] == ["stale", "fresh"]


@pytest.mark.parametrize("trouble", [http(HTML, 502, "text/html"), [RESET]], ids=["502", "reset"])
def test_a_batch_refused_for_its_session_is_not_in_doubt(org: Org, trouble: Any) -> None:
    """Where the renewal fails, the batch was refused before; nobody says that it may be there."""
    bulk = client(org)
    org.expire()
    org.login_answer = lambda: trouble
    with pytest.raises(TransportError, match="the call was not carried out") as caught:
        bulk.post_batch(JOB_ID, b"Name\nx\n")
    assert not isinstance(caught.value, AmbiguousUpload)
    assert caught.value.job_id == JOB_ID


def test_an_expiry_in_json_is_known(org: Org) -> None:
    """The JSON form of the error renews as well, and the 401 of the REST layer."""
    bulk = client(org)
    json_error = http(
        '{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}',
        400,
        "application/json",
    )
    rest_error = http(
        '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
        401,
        "application/json;charset=UTF-8",
    )
    for error in (json_error, rest_error):
        org.script = [error]
        assert bulk.job_status(JOB_ID)["state"] == "Open"
    assert org.logins == 3


@pytest.mark.parametrize("inline", [True])
def test_the_emulators_sessions_are_renewed(inline: bool) -> None:
    """A load and an export go through three expiries; the rows are all there, once."""
    with SalesforceEmulator(inline=inline) as org:
        bulk = org.connect()
        job = bulk.create_insert_job("Account")
        org.sessions.expire_all()
        batch = bulk.post_batch(job, b"Name\nA\nB\n")
        assert [bool(row.success) for row in bulk.get_batch_results(batch, job)] == [True, True]
        org.sessions.expire_all()
        bulk.close_job(job)
        query = bulk.create_query_job("Account")
        batch = bulk.query(query, "SELECT Name FROM Account ORDER BY Name")
        ids = bulk.get_query_batch_result_ids(batch, query)
        assert isinstance(ids, list)
        org.sessions.expire_all()
        file = bulk.get_query_batch_results(batch, ids[0], job_id=query)
        assert file.read() == b'"Name"\n"A"\n"B"\n'
        logins = [r for r in org.requests if "/Soap/" in r.path]
        assert len(logins) == 4


EXPIRIES = [
    *flips_of("login.session.expired"),
    *flips_of("oauth.session.expired_in_rest"),
    *flips_of("oauth.userinfo.refusal"),
    *flips_of("login.session.token_form"),
]


@pytest.mark.parametrize(("name", "value"), EXPIRIES)
def test_an_expiry_is_known_however_the_org_says_it(name: str, value: str) -> None:
    """Status and spelling are the org's affair: the session is renewed and the call goes on."""
    with SalesforceEmulator(inline=True, dialect={name: value}) as org:
        bulk = org.connect()
        calls: list[Callable[[], Any]] = [
            lambda: bulk.create_insert_job("Account"),
            lambda: bulk.describe("Account"),
            bulk.whoami,
        ]
        for call in calls:
            org.sessions.expire_all()
            assert call()
        assert len([r for r in org.requests if "/Soap/" in r.path]) == 4


def test_unused_answers_are_part_of_the_org() -> None:
    """The documents above are those of the API: the client reads each of them."""
    with RawServer(answer=ROW_RESULTS) as server:
        bulk = SalesforceBulk(sessionId="s", host=server.url)
        assert bulk.get_batch_results(BATCH_ID, JOB_ID)[0].id == "001000000000001AAA"
        assert CSV_BODY.startswith('"Id"')


class Expiring(requests.Session):
    """Ends every session of the org before each second call of the API, whatever it is."""

    def __init__(self, org: SalesforceEmulator, begin_with: int) -> None:
        super().__init__()
        self.org = org
        self.met: set[str] = set()
        self._calls = begin_with

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if "/oauth2/token" not in url:
            self._calls += 1
            if self._calls % 2:
                self.org.sessions.expire_all()
                path = re.sub(r"/75[0-9A-Za-z]{16}|\?.*", "", url.partition("/services/")[2])
                self.met.add(f"{method} {path}")
        return super().request(method, url, *args, **kwargs)


FLOWS: dict[str, tuple[Callable[[SalesforceBulk], Any], set[str]]] = {
    "load by 1.0": (
        lambda bulk: bulk.insert("Account", ROWS, api="1.0", batch_size=2, parallel=1).succeeded,
        {"POST async/64.0/job", "POST async/64.0/job/batch", "GET async/64.0/job/batch/result"},
    ),
    "load by 2.0": (
        lambda bulk: bulk.insert("Account", ROWS, api="2.0", batch_size=2, parallel=1).succeeded,
        {"POST data/v64.0/jobs/ingest", "PUT data/v64.0/jobs/ingest/batches",
         "PATCH data/v64.0/jobs/ingest", "GET data/v64.0/jobs/ingest/successfulResults"},
    ),
    **{
        f"export of {content_type}": (
            lambda bulk, kind=content_type: len(  # type: ignore[misc]
                list(bulk.export("SELECT Name FROM Account", api="1.0", content_type=kind))
            ),
            {"POST async/64.0/job", "POST async/64.0/job/batch"},
        )
        for content_type in ("CSV", "JSON", "XML")
    },
    "export by 2.0": (
        lambda bulk: len(list(bulk.export("SELECT Name FROM Account", api="2.0", max_records=2))),
        {"POST data/v64.0/jobs/query", "GET data/v64.0/jobs/query/results"},
    ),
    "what the org tells": (
        lambda bulk: 6 * all([bulk.whoami(), bulk.limits(), bulk.describe("Account").fields,
                              list(bulk.list_jobs())]),
        {"GET oauth2/userinfo", "GET data/v64.0/limits", "GET data/v64.0/jobs/query",
         "GET data/v64.0/sobjects/Account/describe"},
    ),
}  # fmt: skip
ROWS = [{"Name": f"A{number}"} for number in range(6)]


@pytest.mark.parametrize("flow", FLOWS)
def test_every_form_of_a_call_is_renewed(flow: str) -> None:
    """XML, JSON and CSV calls, uploads and downloads: each goes on with a new session, its body
    sent again, and the rows are there once."""
    run, wanted = FLOWS[flow]
    met: set[str] = set()
    for begin_with in (0, 1):  # so that each call is once among those that meet an expiry
        with SalesforceEmulator(inline=True) as org:
            if "load" not in flow:
                org.connect().insert("Account", ROWS)
            session = Expiring(org, begin_with)
            login = ClientCredentialsLogin(org.consumer_key, org.consumer_secret, org.url)
            bulk = SalesforceBulk(login=login, session=session, clock=FastClock())
            assert run(bulk) == len(ROWS)
            names = [row["Name"] for row in org.connect().export("SELECT Name FROM Account")]
            assert sorted(names) == sorted(row["Name"] for row in ROWS)
            met |= session.met
    assert wanted <= met


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_download_that_breaks_off_is_renewed(api: str) -> None:
    """The session ends while a result is read, and the connection too: the rest is fetched with a
    new one, and no row comes twice."""
    rows = [{"Name": f"A{number}"} for number in range(3_000)]
    with SalesforceEmulator(inline=True) as org:
        org.connect().insert("Account", rows)
        path = "*/result/*" if api == "1.0" else "*/results*"
        org.faults.add("cut", path=path, after_bytes=1_000, times=1)
        org.faults.add("session_expired", path=path, nth=2, times=1)
        login = ClientCredentialsLogin(org.consumer_key, org.consumer_secret, org.url)
        bulk = SalesforceBulk(login=login, clock=FastClock())
        found = [row["Name"] for row in bulk.export("SELECT Name FROM Account", api=api)]
        logins = sum("/oauth2/token" in one.path for one in org.requests)
    assert sorted(found) == sorted(row["Name"] for row in rows)
    assert logins == 2


@pytest.mark.parametrize("login", ["credentials", "password"])
def test_worker_processes_renew_for_themselves(login: str) -> None:
    """A client that is pickled into new processes has its login with it."""
    with SalesforceEmulator(inline=True) as org:
        bulk = org.connect() if login == "password" else SalesforceBulk(
            login=ClientCredentialsLogin(org.consumer_key, org.consumer_secret, org.url)
        )  # fmt: skip
        org.sessions.expire_all()
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            users = list(pool.map(methodcaller("whoami"), [bulk] * 4))
    assert {user.username for user in users} == {org.username}
