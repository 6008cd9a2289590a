"""A client survives pickling and copying, and goes on calling."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import requests
from raw_server import JOB_ID, SESSION, RawServer, document, http, logged_in
from urllib3 import Retry

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.client_access import access_of

STATUS = http(document("jobInfo", id=JOB_ID, state="Open"))

COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda client: pickle.loads(pickle.dumps(client)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.fixture(params=COPIES)
def copied(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return COPIES[request.param]


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "after a call"])
def test_a_copy_has_what_the_client_had(copied: Callable[[Any], Any], used: bool) -> None:
    """Attributes, timeouts and policies go along, and the copy makes calls."""
    with RawServer(answer=STATUS) as server:
        bulk = SalesforceBulk(
            sessionId=SESSION,
            host=server.url,
            timeout=(1.5, 2.5),
            retry=Retry(2),
            gzip_requests=True,
            proxies={"ftp": "http://proxy"},
        )
        bulk.batches["751"] = "750"
        if used:
            bulk.job_status(JOB_ID)
        other = copied(bulk)
        assert other.job_status(JOB_ID) == bulk.job_status(JOB_ID)
        assert (other.endpoint, other.sessionId, other.batches) == (
            bulk.endpoint,
            SESSION,
            {"751": "750"},
        )
        assert access_of(other).transport.timeout == (1.5, 2.5)
        assert access_of(other).transport.retry.total == 2
        assert access_of(other).transport.proxies == {"ftp": "http://proxy"}
        assert access_of(other).link.gzip_requests is True


def test_the_callers_own_session_goes_along(copied: Callable[[Any], Any]) -> None:
    """Headers and certificates of the caller's session are those of the copy."""
    with RawServer(answer=STATUS) as server:
        session = requests.Session()
        session.headers["X-Mine"] = "yes"
        session.verify = "/some/ca.pem"
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url, session=session)
        bulk.job_status(JOB_ID)
        other = copied(bulk)
        other.job_status(JOB_ID)
        assert [r.headers["x-mine"] for r in server.received] == ["yes", "yes"]
        assert access_of(other).transport.session().verify == "/some/ca.pem"


@pytest.mark.parametrize("copied", [COPIES["pickle"], COPIES["deepcopy"]])
def test_a_copy_does_not_share_connections(copied: Callable[[Any], Any]) -> None:
    """A pickled or deep-copied client opens its own connection."""
    with RawServer(answer=STATUS) as server:
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url)
        bulk.job_status(JOB_ID)
        copied(bulk).job_status(JOB_ID)
        assert [r.connection for r in server.received] == [1, 2]


def test_a_copy_can_log_in_again(copied: Callable[[Any], Any]) -> None:
    """The login goes along, so that a copy renews its session as the client would."""
    with RawServer() as server:

        def answer(request: Any) -> bytes:
            if "/Soap/" in request.path:
                return logged_in(server.url, f"session-{len(server.received)}")
            if request.session == "session-1":
                return http(
                    document("error", exceptionCode="InvalidSessionId", exceptionMessage="x"), 400
                )
            return STATUS

        server.answer = answer
        bulk = SalesforceBulk(
            username="a@b.c", password="p", security_token="", login_url=server.url
        )
        other = copied(bulk)
        assert other.job_status(JOB_ID)["id"] == JOB_ID
        assert other.sessionId == "session-3"


def test_a_subclass_without_super_pickles() -> None:
    """A subclass that never calls __init__ of the base has nothing that does not pickle."""
    with RawServer(answer=STATUS) as server:
        bulk = Own(server.url)
        bulk.job_status(JOB_ID)
        assert pickle.loads(pickle.dumps(bulk)).job_status(JOB_ID)["id"] == JOB_ID


class Own(SalesforceBulk):
    def __init__(self, url: str) -> None:
        self.endpoint = f"{url}/services/async/40.0"
        self.sessionId = SESSION
        self.jobNS = "http://www.force.com/2009/06/asyncapi/dataload"
        self.jobs: dict[str, str] = {}
        self.batches: dict[str, str] = {}
        self.job_content_types: dict[str, str] = {}
        self.batch_statuses: dict[str, dict[str, Any]] = {}
