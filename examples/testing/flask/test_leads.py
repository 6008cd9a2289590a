"""The tests of the app: its real code, the real client, real HTTP, and no Salesforce."""

import io

import pytest
from leads import create_app

FILE = b"LastName,Company\nCurie,Radium\nNoether,\n"


@pytest.fixture
def client(salesforce_emulator):
    app = create_app(
        {
            "username": salesforce_emulator.username,
            "password": salesforce_emulator.password,
            "security_token": salesforce_emulator.security_token,
            "login_url": salesforce_emulator.url,
        }
    )
    return app.test_client()


def upload(client):
    return client.post("/leads", data={"leads": (io.BytesIO(FILE), "leads.csv")})


def test_rows_become_leads(client, salesforce_emulator):
    answer = upload(client)
    assert answer.json["loaded"] == 1
    assert answer.json["rejected"] == {"2": "Required fields are missing: [Company]"}
    assert salesforce_emulator.org.count("Lead") == 1


def test_each_test_has_an_org_of_its_own(client, salesforce_emulator):
    assert salesforce_emulator.org.count("Lead") == 0


def test_a_busy_org_is_tried_again(client, salesforce_emulator):
    salesforce_emulator.faults.add("html_error", route="bulk1.job", status=503, retry_after="0")
    assert upload(client).json["loaded"] == 1
