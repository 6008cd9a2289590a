"""Two emulators in one process share nothing."""

import threading

import pytest
import requests

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator


@pytest.fixture
def two():
    with (
        SalesforceEmulator(inline=True, clock=ManualClock()) as one,
        SalesforceEmulator(inline=True, clock=ManualClock(), seed=1) as other,
    ):
        yield one, other


def test_objects_apps_faults_and_logs_are_of_one_org(two, connect, certificate):
    one, other = two
    one.define_object("Load__c", {"Ext__c": "externalId"})
    one.register_app("app", certificate=certificate)
    one.faults.add("html_error", times=0)
    bulk1 = connect(other)
    assert bulk1.create_job("insert", "Load__c").error[1] == "InvalidEntity"
    assert bulk1.create_job("insert", "Account").status == 201
    assert other.apps.find("app") is None
    assert (one.api_calls, other.api_calls) == (0, 2)
    assert one.requests == []
    assert connect(one).create_job("insert", "Account").status == 503


def test_tokens_of_one_org_open_no_other_even_with_the_same_seed(connect):
    with SalesforceEmulator(inline=True) as one, SalesforceEmulator(inline=True) as other:
        bulk1 = connect(one)
        bulk1.emulator = other
        assert bulk1.create_job("insert", "Account").error[1] == "InvalidSessionId"
        refresh = one.issue_refresh_token()
        values = {"grant_type": "refresh_token", "refresh_token": refresh}
        values["client_id"] = other.consumer_key
        url = "{}/services/oauth2/token"
        assert requests.post(url.format(other.url), values, timeout=10).status_code == 400
        assert requests.post(url.format(one.url), values, timeout=10).status_code == 200


def test_clocks_and_resets_are_of_one_org(two, connect):
    one, other = two
    first, second = connect(one), connect(other)
    one.clock.advance(7_201)
    assert first.create_job("insert", "Account").error[1] == "InvalidSessionId"
    assert second.create_job("insert", "Account").status == 201
    one.reset()
    assert len(other.sessions) == 1
    assert other.api_calls == 1


def test_both_load_at_the_same_time(two, connect):
    def load(emulator, count):
        bulk1 = connect(emulator)
        for number in range(count):
            bulk1.load("insert", "Account", f"Name\n{number}\n")

    threads = [
        threading.Thread(target=load, args=(emulator, count))
        for emulator, count in zip(two, (5, 9), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [emulator.org.count("Account") for emulator in two] == [5, 9]
