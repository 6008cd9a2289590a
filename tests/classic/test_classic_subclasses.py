"""Programs that subclass `SalesforceBulk` of 2.2.0, or put their own functions in its place."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import salesforce_bulk.salesforce_bulk as module
from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator

#: The attributes and methods of 2.2.0.
OF_2_2_0 = {
    "abort_job", "batch_state", "batch_status", "check_status", "close_job",
    "create_abort_job_doc", "create_close_job_doc", "create_delete_job", "create_insert_job",
    "create_job", "create_job_doc", "create_query_job", "create_queryall_job",
    "create_update_job", "create_upsert_job", "get_all_results_for_query_batch",
    "get_batch_list", "get_batch_results", "get_query_batch_request",
    "get_query_batch_result_ids", "get_query_batch_results", "headers", "is_batch_done",
    "job_state", "job_status", "login_to_salesforce", "lookup_job_id",
    "parse_error_result_xml", "parse_response", "post_batch", "post_mapping_file", "query",
    "raise_error", "wait_for_batch",
    "endpoint", "sessionId", "jobNS", "jobs", "batches", "job_content_types",
    "batch_statuses", "API_version",
}  # fmt: skip


def load_and_read(bulk: SalesforceBulk) -> None:
    """A load and a query by 2.2.0's calls, and the verbs."""
    job = bulk.create_insert_job("Account", contentType="CSV")
    batch = bulk.post_batch(job, b"Name\nx\n")
    bulk.close_job(job)
    assert bulk.get_batch_results(batch)[0].success
    asked = bulk.query(None, "SELECT Name FROM Account")
    assert [b"".join(result).split() for result in bulk.get_all_results_for_query_batch(asked)] == [
        [b'"Name"', b'"x"']
    ]
    assert bulk.insert("Account", [{"Name": "y"}]).succeeded == 1
    assert len(list(bulk.export("SELECT Name FROM Account"))) == 2


# Attributes


class OwnAttributes(SalesforceBulk):
    """Names that a program may have chosen for what it keeps itself."""

    NAMES = (
        "_api", "_access", "_transport", "_provider", "_client_id", "_link", "_once", "_caller",
        "_renew", "_session", "_gzip_requests", "_api_v1", "_org_access", "_renewal",
        "_add_batch", "_foreign_content_type", "_data_endpoint", "_bearer_headers", "link",
        "access", "transport", "client_id", "provider", "session", "retry", "timeout", "clock",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name in self.NAMES:
            setattr(self, name, f"mine before {name}")
        super().__init__(*args, **kwargs)
        for name in self.NAMES:
            assert getattr(self, name) == f"mine before {name}"
            setattr(self, name, f"mine {name}")


def own_attributes(org: SalesforceEmulator) -> OwnAttributes:
    return OwnAttributes(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        login_url=org.url,
    )


def test_a_subclass_may_have_any_attributes_of_its_own(org: SalesforceEmulator) -> None:
    bulk = own_attributes(org)
    load_and_read(bulk)
    for name in OwnAttributes.NAMES:
        assert getattr(bulk, name) == f"mine {name}"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))]
)
def test_copies_of_such_a_subclass_have_its_attributes_and_work(
    org: SalesforceEmulator, copied: Any
) -> None:
    bulk = own_attributes(org)
    bulk.create_query_job("Account")
    other = copied(bulk)
    other.sessionId = "00D!expired"  # its login goes along
    assert other.create_query_job("Account").startswith("750")
    assert bulk.sessionId != other.sessionId
    assert other._transport == "mine _transport"


def test_an_instance_has_no_further_attributes_but_one_of_an_unlikely_name(
    bulk: SalesforceBulk,
) -> None:
    bulk.insert("Account", [{"Name": "x"}])
    ours = set(vars(bulk)) - OF_2_2_0
    assert {name for name in ours if not name.startswith("_SalesforceBulk__")} == set()


def test_the_class_adds_public_methods_only() -> None:
    """And the one name by which notebooks ask any object for its picture."""
    added = set(vars(SalesforceBulk)) - OF_2_2_0 - {"_repr_html_"}
    assert {name for name in added if name.startswith("_") and not name.endswith("__")} == set()


# Functions


class HeadersWithKeywords(SalesforceBulk):
    def headers(self, values={}, **kw):  # noqa: B006
        return {**super().headers(values, **kw), "X-Own": "1"}


class HeadersOfOneArgument(SalesforceBulk):
    def headers(self, values={}):  # noqa: B006
        return {**super().headers(values), "X-Own": "1"}


def test_headers_overridden_with_keywords_serve_every_call(org: SalesforceEmulator) -> None:
    load_and_read(HeadersWithKeywords(org.connect().sessionId, org.url))


def test_headers_overridden_with_one_argument_serve_what_they_served(
    org: SalesforceEmulator,
) -> None:
    """2.2.0 passed the content type only for batches."""
    bulk = HeadersOfOneArgument(org.connect().sessionId, org.url)
    job = bulk.create_query_job("Account", pk_chunking=True)
    assert bulk.job_state(job) == "Open"
    assert bulk.get_batch_list(job) == []
    bulk.abort_job(job)
    bulk.close_job(bulk.create_insert_job("Account"))


def test_a_login_to_salesforce_of_2_2_0s_signature_may_stand_in(
    org: SalesforceEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = org.connect().sessionId

    def login(
        username, password, sandbox=False, security_token=None, organizationId=None,
        client_id=None, API_version="40.0", domain=None,
    ):  # fmt: skip
        return session, org.url

    monkeypatch.setattr(SalesforceBulk, "login_to_salesforce", staticmethod(login))
    load_and_read(SalesforceBulk(username="u", password="p", security_token="t"))


def test_what_was_chosen_goes_to_the_login_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Any] = {}

    def login(*args: Any, **kwargs: Any) -> tuple[str, str]:
        seen.update(kwargs)
        return "00D!x", "h.example"

    monkeypatch.setattr(SalesforceBulk, "login_to_salesforce", staticmethod(login))
    SalesforceBulk(username="u", password="p", security_token="t", timeout=5, verify="ca.pem")
    assert set(seen) == {
        "sandbox", "security_token", "organizationId", "client_id", "API_version", "domain",
        "timeout", "verify",
    }  # fmt: skip


def test_a_salesforce_login_of_the_arguments_that_2_2_0_passed_may_stand_in(
    org: SalesforceEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = org.connect().sessionId

    def login(username, password, security_token, domain, sf_version, client_id):
        return session, org.url

    monkeypatch.setattr(module, "SalesforceLogin", login)
    bulk = SalesforceBulk(username="u", password="p", security_token="t")
    assert bulk.sessionId == session
