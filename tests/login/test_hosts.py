"""Addresses of an org that people copy are made the address of its API."""

from __future__ import annotations

import logging

import pytest

from salesforce_bulk import InvalidInput, SalesforceBulk
from salesforce_bulk.login.hosts import login_origin

#: An address in a browser, and the API host of the same org.
PAGES = {
    "https://acme.lightning.force.com/lightning/o/Account/list?filterName=x": "acme",
    "acme.lightning.force.com": "acme",
    "ACME.Lightning.Force.Com": "acme",
    "https://acme--uat.sandbox.lightning.force.com/one/one.app": "acme--uat.sandbox",
    "acme-dev-ed.develop.lightning.force.com": "acme-dev-ed.develop",
    "acme-x.scratch.lightning.force.com": "acme-x.scratch",
    "https://acme.my.salesforce-setup.com/lightning/setup/SetupOneHome/home": "acme",
    "acme--uat.sandbox.my.salesforce-setup.com": "acme--uat.sandbox",
    "https://acme--c.vf.force.com/apex/Page": "acme",
    "acme--c.develop.vf.force.com": "acme.develop",
    "acme--uat--c.sandbox.vf.force.com": "acme--uat.sandbox",
    "acme--c.na139.visual.force.com": "acme",
    "acme--ns.visualforce.com": "acme",
    "acme--uat--c.cs12.visual.force.com": "acme--uat.sandbox",
}


@pytest.mark.parametrize("address", PAGES)
def test_a_host_of_pages_becomes_the_apis(address: str, caplog: pytest.LogCaptureFixture) -> None:
    """Lightning, Setup and Visualforce hosts lead to the org's API, and the log says so."""
    host = f"{PAGES[address]}.my.salesforce.com"
    bulk = SalesforceBulk(sessionId="s", host=address)
    assert bulk.endpoint == f"https://{host}/services/async/64.0"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith(f"is a host of pages; the API's, {host}, is used")


def test_the_government_has_pages_too() -> None:
    """Lightning of the .mil cloud."""
    bulk = SalesforceBulk(sessionId="s", host="acme.lightning.crmforce.mil")
    assert bulk.endpoint.startswith("https://acme.my.salesforce.mil/")


@pytest.mark.parametrize(
    "address",
    ["acme.my.site.com", "acme.force.com", "acme.my.salesforce-sites.com",
     "acme.builder.salesforce-experience.com", "c.na139.visual.force.com"],
)  # fmt: skip
def test_a_host_that_names_no_org_is_refused(address: str) -> None:
    """What a site is called does not say whose it is; the message says what to give."""
    with pytest.raises(InvalidInput, match="Setup, My Domain"):
        SalesforceBulk(sessionId="s", host=address)


def test_a_session_in_the_place_of_the_host_is_refused_and_not_shown() -> None:
    """It would be looked up as a name, and stand in the error."""
    with pytest.raises(InvalidInput, match="session first") as caught:
        SalesforceBulk("acme.my.salesforce.com", "00D000000000001!AQ.s3cr3t_x")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("acme--uat.sandbox.my.salesforce.com/", "https://acme--uat.sandbox.my.salesforce.com"),
        ("acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
        ("na139.salesforce.com", "https://na139.salesforce.com"),
        ("https://acme.my.salesforce.com:443", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com:8443/x", "https://acme.my.salesforce.com:8443"),
        ("  https://acme.my.salesforce.com?sid=s3cr3t#x\n", "https://acme.my.salesforce.com"),
        ("https://me:s3cr3t@acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_other_hosts_stay_what_they_are(
    address: str, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The origin is kept; path, query and user name are no part of it, nor of the log."""
    assert SalesforceBulk(sessionId="s", host=address).endpoint == f"{expected}/services/async/64.0"
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("login", "https://login.salesforce.com"),
        ("test", "https://test.salesforce.com"),
        ("acme.my", "https://acme.my.salesforce.com"),
        ("acme--uat.sandbox.my", "https://acme--uat.sandbox.my.salesforce.com"),
        ("acme.lightning.force.com", "https://acme.my.salesforce.com"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_a_login_is_named_as_simple_salesforce_names_it(name: str, expected: str) -> None:
    """What goes before .salesforce.com, a host, or an origin."""
    assert login_origin(name) == expected
