"""The emulator as a whole: start, stop, two side by side, the command line."""

import argparse
import gc
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from rest_client import RestClient
from simple_salesforce import SalesforceLogin

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.emulator.__main__ import add_arguments, run


def sockets():
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(descriptor.readlink()))
    return {link for link in links if link.startswith("socket:")}


def test_nothing_is_left_behind_after_stop(connect, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gc.collect()
    threads, open_sockets = set(threading.enumerate()), sockets()
    with SalesforceEmulator() as emulator:
        bulk1 = connect(emulator)
        bulk1.load("insert", "Account", "Name\nA\n")
        idle = socket.create_connection(emulator.host.split(":"))
        assert emulator.engine.wait_idle()
        assert len(threading.enumerate()) > len(threads)
    idle.close()
    assert set(threading.enumerate()) == threads
    assert sockets() == open_sockets
    assert list(tmp_path.iterdir()) == []


def test_an_org_says_where_it_is_and_whose_without_a_secret():
    with SalesforceEmulator() as org:
        shown = repr(org)
        assert shown == f"<SalesforceEmulator {org.url}, user {org.username}>"
        secrets = (org.password, org.security_token, org.consumer_secret, org.connect().sessionId)
        assert not any(secret in shown for secret in secrets)


def test_two_orgs_know_nothing_of_each_other(connect):
    with SalesforceEmulator(inline=True) as one, SalesforceEmulator(inline=True, seed=1) as two:
        first, second = connect(one), connect(two)
        job, _ = first.load("insert", "Account", "Name\nA\n")
        assert (one.org.count("Account"), two.org.count("Account")) == (1, 0)
        assert second.info(job).error[1] == "InvalidJob"
        second.token = first.token
        assert second.info(job).error[1] == "InvalidSessionId"


def test_same_seed_and_clock_give_the_same_bytes(connect):
    def transcript(seed):
        with SalesforceEmulator(inline=True, clock=ManualClock(), seed=seed) as emulator:
            bulk1 = connect(emulator)
            job, batch = bulk1.load("insert", "Account", "Name\nA\n")
            return bulk1.token, bulk1.info(job).text, bulk1.results(job, batch).text

    assert transcript(4) == transcript(4) != transcript(5)


def test_starts_and_stops_in_milliseconds():
    with SalesforceEmulator():
        pass  # the first one reads the standard objects
    started = time.monotonic()
    for _ in range(5):
        with SalesforceEmulator():
            pass
    assert time.monotonic() - started < 2.5


def test_reset_makes_a_new_org(emulator, bulk1, connect):
    emulator.define_object("Load__c", {"Ext__c": "externalId"})
    job, _ = bulk1.load("insert", "Account", "Name\nA\n")
    emulator.faults.add("html_error", times=0, nth=100)
    emulator.reset()
    assert bulk1.info(job).error[1] == "InvalidSessionId"
    fresh = connect(emulator)
    assert fresh.info(job).error[1] == "InvalidJob"
    assert fresh.create_job("insert", "Load__c").error[1] == "InvalidEntity"
    assert emulator.org.count("Account") == 0
    assert emulator.api_calls == 3
    assert fresh.load("insert", "Account", "Name\nA\n")[0] == job


def test_requests_are_counted_and_kept(emulator, bulk1):
    bulk1.create_job("insert", "Account")
    bulk1.get("/nothing")
    assert emulator.api_calls == 2
    assert [(e.method, e.path, e.status) for e in emulator.requests] == [
        ("POST", "/services/async/62.0/job", 201),
        ("GET", "/nothing", 404),
    ]


def test_only_loopback_is_listened_on(emulator):
    assert emulator.host.startswith("127.0.0.1:")
    assert emulator.url == f"http://{emulator.host}"


def test_taken_port_is_an_error_and_leaves_no_directory(emulator, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="in use"):
        SalesforceEmulator(port=int(emulator.host.split(":")[1]))
    assert list(tmp_path.iterdir()) == []


def test_client_connects_through_the_real_login(emulator):
    bulk = emulator.connect()
    job = bulk.create_insert_job("Account", contentType="CSV")
    bulk.post_batch(job, [b"Name\nA\n"])
    assert emulator.org.count("Account") == 1
    assert emulator.requests[0].path.startswith("/services/Soap/u/")


def test_records_in_a_directory_outlive_the_emulator(tmp_path, connect):
    for count in (1, 2):
        with SalesforceEmulator(inline=True, data=tmp_path / "org") as emulator:
            connect(emulator).load("insert", "Account", f"Name\nA{count}\n")
            assert emulator.org.count("Account") == count


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_command_serves_until_sigterm_and_keeps_the_records(tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"Load__c": {"fields": {"Ext__c": "externalId"}}}))
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"kind": "html_error", "route": "bulk1.job.create"}]))
    command = [sys.executable, "-m", "salesforce_bulk.emulator", "--seed", "7"]
    process = subprocess.Popen(
        [*command, "--data", tmp_path / "org", "--schema", schema, "--faults", faults],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told = dict(process.stdout.readline().split() for _ in range(4))
        token, host = SalesforceLogin(
            username=told["user"],
            password=told["password"],
            security_token=told["token"],
            scratch_url=told["url"],
            sf_version="64.0",
        )
        assert re.fullmatch(r"127\.0\.0\.1:\d+", host)
        assert token
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert list((tmp_path / "org").iterdir())


@pytest.mark.parametrize(
    "content", ["{", "{}", '[{"kind":"nothing"}]', '[{"kind":"cut","x":1}]', "[1]"]
)
def test_command_refuses_bad_faults(tmp_path, content, capsys):
    path = tmp_path / "faults.json"
    path.write_text(content)
    assert run(parse("--faults", str(path))) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("option", ["--schema", "--faults"])
def test_command_refuses_files_that_are_not_there(tmp_path, option, capsys):
    assert run(parse(option, str(tmp_path / "none"))) == 2
    assert "none" in capsys.readouterr().err


def test_a_defect_is_a_500_and_the_next_request_is_answered(caplog):
    with SalesforceEmulator(inline=True) as org:
        rest = RestClient(org, version="62.0")
        assert rest.get("limits").status == 200
        org.org.store.close()
        answer = rest.get("query?q=SELECT+Id+FROM+Account")
        assert answer.error == (500, "UNKNOWN_EXCEPTION", "see the emulator's log")
        assert rest.get("limits").status == 200
    assert "Traceback" in caplog.text
