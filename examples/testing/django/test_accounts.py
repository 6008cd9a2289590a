"""The test of the view: its real code, the real client, real HTTP, and no Salesforce."""

import pytest
from django.test import Client, override_settings


@pytest.fixture
def client(salesforce_emulator):
    salesforce = {
        "username": salesforce_emulator.username,
        "password": salesforce_emulator.password,
        "security_token": salesforce_emulator.security_token,
        "login_url": salesforce_emulator.url,
    }
    with override_settings(SALESFORCE=salesforce):
        yield Client()


@pytest.fixture
def records(salesforce_emulator):
    salesforce_emulator.connect().insert("Account", [{"Name": "Bolt"}, {"Name": "Acme"}])


def test_accounts_are_listed(client, records):
    assert client.get("/accounts").json() == {"accounts": ["Acme", "Bolt"]}


def test_each_test_has_an_org_of_its_own(client):
    assert client.get("/accounts").json() == {"accounts": []}


def test_a_session_that_expires_is_renewed(client, records, salesforce_emulator):
    expiry = salesforce_emulator.faults.add("session_expired")
    assert client.get("/accounts").json() == {"accounts": ["Acme", "Bolt"]}
    assert [kind for kind, _, _ in salesforce_emulator.faults.fired] == [expiry.kind]
