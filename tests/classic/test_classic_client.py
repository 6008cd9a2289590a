"""The client object: how it is made, what may be written to it, copied and overridden."""

from __future__ import annotations

import copy
import io
import multiprocessing
import operator
import pickle
import threading
import unittest.mock
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
import requests
import requests_mock
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

import salesforce_bulk.salesforce_bulk as module
from salesforce_bulk import SalesforceBulk, limits
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import (
    BulkApiError,
    IncompleteLogin,
    InvalidInput,
    InvalidJob,
    LoginFailed,
    MissingCredentials,
)

ENDPOINT = "https://acme.my.salesforce.com/services/async/64.0"
JOB_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><jobInfo\n'
    b'   xmlns="http://www.force.com/2009/06/asyncapi/dataload">\n <id>750x</id>\n'
    b" <state>Open</state>\n</jobInfo>"
)


def client(**options: Any) -> SalesforceBulk:
    return SalesforceBulk(sessionId="00Dx!secret", host="acme.my.salesforce.com", **options)


# The constructor


def test_a_session_and_a_host_make_the_endpoint() -> None:
    bulk = client()
    assert bulk.endpoint == ENDPOINT
    assert bulk.sessionId == "00Dx!secret"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("HTTPS://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        (" acme.my.salesforce.com\n", "https://acme.my.salesforce.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("httpfoo.example.com", "https://httpfoo.example.com"),
    ],
)
def test_a_host_is_a_name_or_an_address_with_or_without_a_slash(host: str, origin: str) -> None:
    assert SalesforceBulk(sessionId="s", host=host).endpoint == f"{origin}/services/async/64.0"


@pytest.mark.parametrize("version", ["62.0", "62", 62, 62.0, "v62.0", "V62", " 62.0 "])
def test_any_spelling_of_a_version_makes_the_same_address(version: Any) -> None:
    bulk = client(API_version=version)
    assert bulk.endpoint.endswith("/services/async/62.0")
    assert bulk.API_version == "62.0"


@pytest.mark.parametrize("version", ["", "latest", None, "62.0.1", "62/../.."])
def test_what_is_no_version_is_refused(version: Any) -> None:
    with pytest.raises(InvalidInput, match="API version"):
        client(API_version=version)


@pytest.mark.parametrize("version", ["31.0", "40.0"])
def test_a_version_about_to_go_is_told_with_its_dates(version: str) -> None:
    with pytest.warns(FutureWarning, match=r"Summer '27.*Summer '28") as told:
        client(API_version=version)
    assert told[0].filename == __file__
    assert len(told) == 1


@pytest.mark.parametrize("version", ["30.0", "41.0", "64.0"])
def test_other_versions_are_taken_without_a_word(version: str) -> None:
    assert client(API_version=version).API_version == version


def test_ten_arguments_by_position_as_subclasses_pass_them() -> None:
    bulk = SalesforceBulk(
        "00Dx!s", "h.example.com", None, None, "62.0", False, None, None, "app", None
    )
    assert bulk.endpoint == "https://h.example.com/services/async/62.0"
    with pytest.raises(TypeError):
        SalesforceBulk(*[None] * 11)  # type: ignore[misc]


def test_a_session_goes_before_a_user_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SalesforceLogin", pytest.fail)
    assert client(username="a@b.example", password="p").sessionId == "00Dx!secret"


@pytest.mark.parametrize("nothing", [{}, {"sessionId": ""}, {"username": ""}, {"host": "h"}])
def test_neither_session_nor_user_name_is_a_runtime_error(nothing: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="Must supply either sessionId/instance_url") as caught:
        SalesforceBulk(**nothing)  # type: ignore[arg-type]
    assert isinstance(caught.value, MissingCredentials)


@pytest.mark.parametrize("host", [None, ""])
def test_a_session_without_a_host_is_a_type_error_that_says_so(host: str | None) -> None:
    with pytest.raises(TypeError, match="host") as caught:
        SalesforceBulk(sessionId="s", host=host)
    assert isinstance(caught.value, IncompleteLogin)


# Login


class SignIn:
    """In place of simple-salesforce's function, as programs patch it."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, **arguments: Any) -> tuple[str, str]:
        self.calls.append(arguments)
        return "00Dx!fresh", "acme.my.salesforce.com"


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> SignIn:
    fake = SignIn()
    monkeypatch.setattr(module, "SalesforceLogin", fake)
    return fake


def test_the_constructor_logs_in_with_the_arguments_of_2_2_0(sign_in: SignIn) -> None:
    bulk = SalesforceBulk(
        username="a@b.example", password="p", security_token="t", client_id="app", sandbox=True
    )
    (call,) = sign_in.calls
    call.pop("session")
    assert call == {
        "username": "a@b.example",
        "password": "p",
        "security_token": "t",
        "domain": "test",
        "sf_version": "64.0",
        "client_id": "PySFBulk/app",
    }
    assert (bulk.sessionId, bulk.endpoint) == ("00Dx!fresh", ENDPOINT)


def test_login_to_salesforce_returns_session_and_host(sign_in: SignIn) -> None:
    found = SalesforceBulk.login_to_salesforce("a@b.example", "p", security_token="t")
    assert found == ("00Dx!fresh", "acme.my.salesforce.com")
    assert sign_in.calls[0]["client_id"] == "PySFBulk"
    assert sign_in.calls[0]["domain"] is None


def test_login_arguments_by_position_as_in_2_2_0(sign_in: SignIn) -> None:
    SalesforceBulk.login_to_salesforce("u", "p", True, None, "00Dorg", "app", "62.0", "acme.my")
    (call,) = sign_in.calls
    assert call["organizationId"] == "00Dorg"
    assert "security_token" not in call
    assert call["domain"] == "acme.my"
    assert call["sf_version"] == "62.0"


def test_an_empty_token_is_a_token(sign_in: SignIn) -> None:
    SalesforceBulk.login_to_salesforce("u", "p", security_token="")
    assert sign_in.calls[0]["security_token"] == ""


def test_a_token_goes_before_an_organization_id(sign_in: SignIn) -> None:
    SalesforceBulk.login_to_salesforce("u", "p", security_token="t", organizationId="00D")
    assert sign_in.calls[0]["security_token"] == "t"
    assert "organizationId" not in sign_in.calls[0]


@pytest.mark.parametrize(
    "given",
    [
        {"username": "u", "password": "p"},
        {"username": "u", "password": None, "security_token": "t"},
        {"username": None, "password": "p", "security_token": "t"},
    ],
)
def test_an_incomplete_login_is_a_type_error(given: dict[str, Any], sign_in: SignIn) -> None:
    with pytest.raises(TypeError, match="You must provide login information") as caught:
        SalesforceBulk.login_to_salesforce(**given)
    assert isinstance(caught.value, IncompleteLogin)
    assert sign_in.calls == []


def test_a_patched_name_in_the_module_is_used_at_the_login() -> None:
    with unittest.mock.patch("salesforce_bulk.salesforce_bulk.SalesforceLogin") as patched:
        patched.return_value = ("00Dx!mock", "m.example.com")
        bulk = SalesforceBulk(username="u", password="p", security_token="t")
    assert bulk.endpoint.startswith("https://m.example.com/")
    assert patched.call_count == 1


def test_a_refused_login_is_caught_as_simple_salesforces_error(org: SalesforceEmulator) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        SalesforceBulk(
            username=org.username, password="wrong", security_token="", login_url=org.url
        )
    assert isinstance(caught.value, LoginFailed)
    assert caught.value.code == "INVALID_LOGIN"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))


def test_login_to_salesforce_and_the_constructor_fit_together(org: SalesforceEmulator) -> None:
    session, host = SalesforceBulk.login_to_salesforce(
        org.username, org.password, security_token=org.security_token, login_url=org.url
    )
    bulk = SalesforceBulk(sessionId=session, host=host)
    assert bulk.job_state(bulk.create_query_job("Account")) == "Open"


# The headers


def test_headers_are_exactly_these_three() -> None:
    assert client().headers() == {
        "X-SFDC-Session": "00Dx!secret",
        "Content-Type": "application/xml; charset=UTF-8",
        "Accept-Encoding": "gzip",
    }


def test_headers_take_values_that_go_last_and_a_content_type() -> None:
    bulk = client()
    assert bulk.headers({"X-More": "1", "Accept-Encoding": "identity"}, "text/csv") == {
        "X-SFDC-Session": "00Dx!secret",
        "Content-Type": "text/csv; charset=UTF-8",
        "Accept-Encoding": "identity",
        "X-More": "1",
    }
    assert bulk.headers(content_type="text/csv")["Content-Type"] == "text/csv; charset=UTF-8"


def test_headers_are_a_new_dict_each_time_and_leave_the_callers_alone() -> None:
    bulk, values = client(), {"X-More": "1"}
    bulk.headers(values)["X-More"] = "2"
    assert values == {"X-More": "1"}
    assert "X-More" not in bulk.headers()


def test_headers_read_the_session_of_the_moment() -> None:
    bulk = client()
    bulk.sessionId = "00Dx!renewed"
    assert bulk.headers()["X-SFDC-Session"] == "00Dx!renewed"


def test_headers_serve_a_callers_own_requests(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account")
    answer = requests.get(f"{bulk.endpoint}/job/{job}", headers=bulk.headers(), timeout=10)
    assert bulk.parse_response(answer)["id"] == job


# Attributes


def test_the_public_attributes_are_plain_and_start_empty() -> None:
    bulk = client()
    assert (bulk.jobs, bulk.batches, bulk.job_content_types, bulk.batch_statuses) == ({},) * 4
    assert bulk.jobNS == "http://www.force.com/2009/06/asyncapi/dataload"
    assert bulk.API_version == "64.0"
    assert {"endpoint", "sessionId", "jobNS", "API_version", "jobs", "batches",
            "job_content_types", "batch_statuses"} <= set(vars(bulk))  # fmt: skip


def test_two_clients_share_nothing() -> None:
    first, second = client(), client()
    first.jobs["750x"] = "750x"
    assert second.jobs == {}


def test_jobs_and_batches_are_recorded(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account", contentType="JSON")
    batch = bulk.query(job, "SELECT Id FROM Account")
    assert bulk.jobs == {job: job}
    assert bulk.job_content_types == {job: "JSON"}
    assert bulk.batches == {batch: job}


def test_a_session_set_by_the_caller_is_used_by_the_next_call(
    org: SalesforceEmulator, bulk: SalesforceBulk
) -> None:
    plain = SalesforceBulk(sessionId="00Dx!wrong", host=org.url)
    with pytest.raises(BulkApiError, match="InvalidSessionId"):
        plain.create_query_job("Account")
    plain.sessionId = bulk.sessionId
    assert plain.create_query_job("Account").startswith("750")


def test_an_endpoint_set_by_the_caller_is_used_by_the_next_call(
    requests_mock: requests_mock.Mocker,
) -> None:
    bulk = client()
    requests_mock.get(f"{ENDPOINT}/job/750x", content=JOB_XML)
    other = "https://other.example.com/services/async/50.0"
    requests_mock.get(f"{other}/job/750x", content=JOB_XML.replace(b"Open", b"Closed"))
    assert bulk.job_state("750x") == "Open"
    bulk.endpoint = other
    assert bulk.job_state("750x") == "Closed"


def test_batches_filled_in_by_the_caller_are_found(bulk: SalesforceBulk) -> None:
    batch = bulk.query(None, "SELECT Id FROM Account")  # type: ignore[arg-type]
    other = SalesforceBulk(sessionId=bulk.sessionId, host=bulk.endpoint.partition("/services")[0])
    other.batches[batch] = bulk.lookup_job_id(batch)
    assert other.is_batch_done(batch)


def test_what_is_remembered_of_old_jobs_has_an_end() -> None:
    """An org keeps its batches for seven days, at most 15,000 a day."""
    most = limits.BATCHES_PER_DAY * limits.RETENTION_DAYS
    known = {str(number): "750x" for number in range(most)}
    module._remember(known, "new", "750y")
    assert len(known) <= most
    assert known["new"] == "750y"
    assert str(most - 1) in known
    assert "0" not in known


# Copies, processes and threads


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda bulk: pickle.loads(pickle.dumps(bulk))],
    ids=["copy", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("used", [True, False], ids=["used", "fresh"])
def test_a_copy_has_the_state_and_works(bulk: SalesforceBulk, again: Any, used: bool) -> None:
    job = bulk.create_query_job("Account", contentType="JSON") if used else None
    other = again(bulk)
    assert type(other) is SalesforceBulk
    for name in ("endpoint", "sessionId", "jobNS", "API_version", "jobs", "batches",
                 "job_content_types", "batch_statuses"):  # fmt: skip
        assert getattr(other, name) == getattr(bulk, name)
    job = job or other.create_query_job("Account", contentType="JSON")
    batch = other.query(job, "SELECT Id FROM Account")
    assert other.is_batch_done(batch)


def test_a_deep_copy_has_its_own_dicts(bulk: SalesforceBulk) -> None:
    other = copy.deepcopy(bulk)
    other.jobs["750x"] = "750x"
    assert bulk.jobs == {}


def test_a_client_pickled_without_a_login_works_with_its_session(bulk: SalesforceBulk) -> None:
    plain = SalesforceBulk(sessionId=bulk.sessionId, host=bulk.endpoint.partition("/services")[0])
    assert pickle.loads(pickle.dumps(plain)).create_query_job("Account").startswith("750")


def test_a_client_goes_to_worker_processes(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account")
    # A fork would take the org's threads along half-way.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        asked = pool.submit(operator.methodcaller("job_state", job), bulk)
        assert asked.result(timeout=30) == "Open"


def test_a_client_is_used_from_many_threads_at_once(bulk: SalesforceBulk) -> None:
    barrier = threading.Barrier(8)

    def load(number: int) -> str:
        barrier.wait(timeout=10)
        job = bulk.create_insert_job("Account")
        batch = bulk.post_batch(job, f"Name\nthread {number}\n")
        return bulk.get_batch_results(batch)[0].id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(load, range(8)))
    assert len(ids) == 8
    assert len(bulk.batches) == 8


# Subclasses


class WithoutSuper(SalesforceBulk):
    """As an older public subclass does it: the attributes of 2.2.0 and no super().__init__()."""

    def __init__(self, session: str, origin: str) -> None:
        self.endpoint = f"{origin}/services/async/62.0"
        self.sessionId = session
        self.jobNS = "http://www.force.com/2009/06/asyncapi/dataload"
        self.jobs = {}
        self.batches = {}
        self.job_content_types = {}
        self.batch_statuses = {}


def test_a_subclass_that_never_calls_super_works(bulk: SalesforceBulk) -> None:
    own = WithoutSuper(bulk.sessionId, bulk.endpoint.partition("/services")[0])
    job = own.create_insert_job("Account")
    batch = own.post_batch(job, "Name\nx\n")
    assert own.wait_for_batch(job, batch)
    assert own.get_batch_results(batch)[0].success
    assert "62.0" in repr(own)
    assert pickle.loads(pickle.dumps(own)).job_state(job) == "Open"


def test_a_subclass_that_never_calls_super_is_told_when_its_session_ends(
    org: SalesforceEmulator,
) -> None:
    own = WithoutSuper("00Dx!wrong", org.url)
    with pytest.raises(BulkApiError, match="InvalidSessionId"):
        own.create_query_job("Account")


class Extractor(SalesforceBulk):
    """As a public extractor does it: all ten by position."""

    def __init__(self, sessionId=None, host=None, username=None, password=None, API_version="62.0",
                 sandbox=False, security_token=None, organizationId=None, client_id=None,
                 domain=None):  # fmt: skip
        super().__init__(sessionId, host, username, password, API_version, sandbox, security_token,
                         organizationId, client_id, domain)  # fmt: skip


def test_a_subclass_that_passes_all_ten_by_position_works(bulk: SalesforceBulk) -> None:
    own = Extractor(bulk.sessionId, bulk.endpoint.partition("/services")[0])
    assert own.create_query_job("Account").startswith("750")


class OwnErrors(SalesforceBulk):
    def raise_error(self, message: str, status_code: int | None = None) -> None:
        raise LookupError(message, status_code)


class OwnStatus(SalesforceBulk):
    def check_status(self, resp: requests.Response) -> None:
        if resp.status_code >= 400:
            raise LookupError(resp.status_code)


class OwnReader(SalesforceBulk):
    def parse_response(self, resp: requests.Response) -> Any:
        found = super().parse_response(resp)
        return {**found, "state": found["state"].upper()}


class OwnHeaders(SalesforceBulk):
    def headers(self, values={}, content_type="application/xml"):  # noqa: B006
        return {**super().headers(values, content_type), "X-Own": "1"}


def test_an_overridden_raise_error_is_called_with_the_text_of_2_2_0(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x", status_code=400, text="<no/>")
    bulk = OwnErrors(sessionId="s", host="acme.my.salesforce.com")
    with pytest.raises(LookupError) as caught:
        bulk.job_status("750x")
    assert caught.value.args == ("Bulk API HTTP Error result: <no/>", 400)


def test_raise_error_patched_on_the_instance_is_called(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x", status_code=400, text="<no/>")
    bulk = client()
    with (
        unittest.mock.patch.object(bulk, "raise_error", side_effect=LookupError) as patched,
        pytest.raises(LookupError),
    ):
        bulk.job_status("750x")
    patched.assert_called_once_with("Bulk API HTTP Error result: <no/>", 400)


def test_overridden_check_status_parse_response_and_headers_are_called(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x", status_code=400, text="<no/>")
    with pytest.raises(LookupError, match="400"):
        OwnStatus(sessionId="s", host="acme.my.salesforce.com").job_status("750x")
    requests_mock.get(f"{ENDPOINT}/job/750x", content=JOB_XML)
    own = OwnReader(sessionId="s", host="acme.my.salesforce.com")
    assert own.job_state("750x") == "OPEN"
    OwnHeaders(sessionId="s", host="acme.my.salesforce.com").job_status("750x")
    assert requests_mock.last_request.headers["X-Own"] == "1"


# Errors


def test_an_error_answer_has_the_text_that_callers_search(bulk: SalesforceBulk) -> None:
    with pytest.raises(BulkApiError) as caught:
        bulk.job_status("750000000000001AAA")
    error = caught.value
    assert str(error).startswith("[400] Bulk API HTTP Error result: <?xml")
    assert "InvalidJob" in str(error)
    assert error.status_code == 400
    assert isinstance(error, InvalidJob)
    assert (error.error_code, error.job_id) == ("InvalidJob", "750000000000001AAA")


def test_raise_error_and_check_status_may_be_called_by_hand() -> None:
    bulk = client()
    with pytest.raises(BulkApiError) as caught:
        bulk.raise_error("text", 404)
    assert (str(caught.value), caught.value.status_code) == ("[404] text", 404)
    with pytest.raises(BulkApiError, match=r"^text$"):
        bulk.raise_error("text")
    answer = requests.Response()
    answer.status_code = 399
    assert bulk.check_status(answer) is None  # type: ignore[func-returns-value]


class TextOnly:
    """The answer of a program's own tests: 2.2.0 asked it for no more."""

    def __init__(self, text: str) -> None:
        self.status_code, self.text = 404, text


def of_mock(text: str) -> Any:
    return unittest.mock.Mock(status_code=404, text=text)


@pytest.mark.parametrize("stand_in", [TextOnly, of_mock])
def test_check_status_takes_an_answer_that_has_only_a_text(stand_in: Any) -> None:
    """As 2.2.0 did: it read nothing but `status_code` and `text`."""
    with pytest.raises(BulkApiError) as caught:
        client().check_status(stand_in("<error>no café</error>"))
    assert str(caught.value) == "[404] Bulk API HTTP Error result: <error>no café</error>"
    assert caught.value.status_code == 404


def test_parse_response_takes_an_answer_whose_content_is_a_text() -> None:
    """As 2.2.0 did."""
    answer = unittest.mock.Mock(
        headers={"Content-Type": "application/xml"}, content="<a><id>1</id></a>"
    )
    assert client().parse_response(answer) == {"id": "1"}


@pytest.mark.parametrize("session", ["s", "sid", "Id"])
def test_a_short_session_of_a_test_leaves_the_answer_readable(
    requests_mock: requests_mock.Mocker, session: str
) -> None:
    """Its letters stand in every answer, `InvalidSessionId` among them."""
    body = "<error><exceptionCode>InvalidSessionId</exceptionCode></error>"
    requests_mock.get(f"{ENDPOINT}/job/1", text=body, status_code=401)
    with pytest.raises(BulkApiError) as caught:
        SalesforceBulk(session, "acme.my.salesforce.com").job_status("1")
    assert str(caught.value) == f"[401] Bulk API HTTP Error result: {body}"


def made_up(*_: Any, **__: Any) -> requests.Response:
    """An answer as the tests of programs make one: whole, with nothing to read it from."""
    answer = requests.Response()
    answer.status_code = 200
    answer._content = JOB_XML
    answer.headers["Content-Encoding"] = "gzip"  # copied from an org's
    return answer


def of_a_file(*_: Any, **__: Any) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 200
    answer.raw = io.BytesIO(JOB_XML)
    return answer


@pytest.mark.parametrize("answer", [made_up, of_a_file])
@pytest.mark.parametrize(
    "place",
    ["requests.Session.send", "requests.Session.request", "requests.adapters.HTTPAdapter.send"],
)
def test_answers_that_tests_put_in_the_place_of_requests_are_read(place: str, answer: Any) -> None:
    """As requests reads them."""
    with unittest.mock.patch(place, side_effect=answer):
        assert client().job_state("750x") == "Open"
        assert client().get_query_batch_results("751x", "752x", "750x").read() == JOB_XML


def test_an_error_answer_is_read_as_utf8_whatever_its_header_says(
    requests_mock: requests_mock.Mocker,
) -> None:
    body = (
        "<error xmlns='http://www.force.com/2009/06/asyncapi/dataload'>"
        "<exceptionCode>InvalidJob</exceptionCode><exceptionMessage>café</exceptionMessage></error>"
    )
    requests_mock.get(
        f"{ENDPOINT}/job/750x",
        status_code=400,
        content=body.encode(),
        headers={"Content-Type": "application/xml; charset=ISO-8859-1"},
    )
    with pytest.raises(InvalidJob, match="café") as caught:
        client().job_status("750x")
    assert caught.value.error_message == "café"


def test_the_session_is_in_no_error_and_no_repr(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x", status_code=400, text="you sent 00Dx!secret")
    bulk = client()
    with pytest.raises(BulkApiError) as caught:
        bulk.job_status("750x")
    assert "!secret" not in str(caught.value)
    assert "secret" not in repr(bulk)


@pytest.mark.parametrize("header", ["application/xml", "application/xml;charset=UTF-8", None])
def test_parse_response_reads_xml_whatever_the_header(
    header: str | None, requests_mock: requests_mock.Mocker
) -> None:
    headers = {"Content-Type": header} if header else {}
    requests_mock.get(f"{ENDPOINT}/job/750x", content=JOB_XML, headers=headers)
    assert client().job_status("750x") == {"id": "750x", "state": "Open"}


@pytest.mark.parametrize(
    "document", [b"<html><body>Log in</body></html>", b"", b"[]", b"5", b"{}", b"OK"]
)
def test_an_answer_that_is_not_the_apis_is_one_typed_error_with_its_job(
    document: bytes, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x", content=document)
    with pytest.raises(BulkApiError, match="750x") as caught:
        client().job_status("750x")
    assert caught.value.job_id == "750x"


def test_the_constructor_logs_in_by_the_public_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs' tests put their own login_to_salesforce in its place."""
    monkeypatch.setattr(
        SalesforceBulk, "login_to_salesforce", staticmethod(lambda *_, **__: ("00D!x", "h.example"))
    )
    made = SalesforceBulk(username="u", password="p", security_token="t")
    assert (made.sessionId, made.endpoint) == ("00D!x", "https://h.example/services/async/64.0")
