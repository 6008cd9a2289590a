"""``salesforce-bulk conformance``, as it is typed."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from org_environment import describe_in_environment, environment_of
from raw_server import RESET, RawServer, http

from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.report import read_report
from salesforce_bulk.conformance.run_notes import MARK
from salesforce_bulk.emulator import SalesforceEmulator

pytestmark = pytest.mark.timeout(120)

CONTENT_TYPE = "bulk1.query.content_type"
#: More than may go without an answer.
SEVERAL = [probe.behaviour for probe in PROBES if probe.behaviour.startswith("rest.query")][:4]
WRITING = next(probe.behaviour for probe in PROBES if probe.writes)
ONE = ("conformance", "--only", CONTENT_TYPE)


@pytest.fixture
def otherwise(monkeypatch):
    """An org that answers otherwise in one thing, in the environment of the shell."""
    with SalesforceEmulator(inline=True, dialect={CONTENT_TYPE: "text/csv;charset=UTF-8"}) as org:
        describe_in_environment(org, monkeypatch)
        yield org


@pytest.fixture
def kept(tmp_path):
    """The folder of what runs left."""
    return tmp_path / "state" / "salesforce-bulk" / "conformance"


def make_production(org):
    with org.org.store.writing() as connection:
        connection.execute(
            "UPDATE Organization SET IsSandbox = 0, OrganizationType = 'Unlimited Edition'"
        )


def left(kept):
    return [path.read_text() for path in kept.glob("*")]


def test_an_org_that_does_as_the_emulator_is_0(shell, kept):
    done = shell(*ONE)
    assert done.exit_code == 0
    assert done.out == (
        "1 behaviour: 1 as the emulator does, 0 otherwise, 0 could not be asked\n\n"
        "The emulator speaks as this org does, as far as it was asked.\n"
    )
    told = r"  http://\S+: sandbox, API \d\d\.0\n  \d+ API calls, 1 batch\n"
    assert re.fullmatch(told, done.err)
    assert left(kept) == []


def test_a_difference_has_both_answers_and_the_dialect_ready_to_paste(shell, otherwise):
    done = shell(*ONE)
    assert done.exit_code == 0
    lines = done.out.splitlines()
    assert "  the emulator  text/csv" in lines
    assert "  this org      text/csv;charset=UTF-8" in lines
    assert lines[-2] == (
        "  salesforce-bulk emulator --dialect 'bulk1.query.content_type=text/csv;charset=UTF-8'"
    )
    names = {"SalesforceEmulator": SalesforceEmulator}
    with eval(lines[-1].strip(), names) as emulator:
        assert emulator.org.dialect[CONTENT_TYPE] == "text/csv;charset=UTF-8"


def test_json_has_the_same(shell, otherwise):
    told = shell(*ONE, "--json").json
    assert told["exit_code"] == 0
    assert told["org_kind"] == "sandbox"
    assert told["dialect"] == {CONTENT_TYPE: "text/csv;charset=UTF-8"}
    assert told["findings"] == [
        {
            "id": CONTENT_TYPE,
            "verdict": "differs",
            "emulator": "text/csv",
            "org": "text/csv;charset=UTF-8",
            "dialect": "text/csv;charset=UTF-8",
        }
    ]
    assert (told["aborted_jobs"], told["deleted_records"], told["left"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "bulk1.query.content-type"), "do you mean bulk1.query.content_type?"),
        (("--only", "nonsense"), "No probe asks about nonsense"),
        (("--rows", "0"), "--rows is 12 to 100,000"),
        (("--report", "no/such/folder.json"), "There is no folder no/such"),
        (("--report", "."), ". is a folder; name a file"),
    ],
)
def test_bad_input_is_2_before_anything_is_sent(org, shell, arguments, told):
    before = len(org.requests)
    done = shell("conformance", *arguments)
    assert (done.exit_code, told in done.err) == (2, True)
    assert len(org.requests) == before


def test_what_makes_records_is_not_asked_without_write(shell):
    done = shell("conformance", "--only", WRITING)
    assert done.exit_code == 0
    assert "1 could not be asked: it makes records" in done.out
    assert f"  {WRITING}" in done.out


def test_write_is_refused_in_a_production_org(org, shell, kept):
    make_production(org)
    done = shell("conformance", "--write", "--yes")
    assert done.exit_code == 2
    assert "this is a production org; nothing was written" in done.err
    assert left(kept) == []


def test_write_without_a_terminal_needs_yes(org, shell, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = org.api_calls
    done = shell("conformance", "--write")
    assert (done.exit_code, "give --yes as well" in done.err) == (2, True)
    assert org.api_calls - before <= 3  # the login, and what kind of org it is


def test_with_yes_it_says_what_it_will_cost_and_deletes_what_it_made(org, shell, kept):
    done = shell("conformance", "--write", "--yes", "--only", WRITING)
    assert done.exit_code == 0
    assert re.search(r"makes about [\d,]+ records? in this sandbox, whose names\n", done.err)
    assert re.search(r"about [\d,]+ API calls and [\d,]+ batch", done.err)
    assert MARK in done.err
    assert list(org.connect().export("SELECT Id FROM Account")) == []
    assert left(kept) == []


def typed(org, tmp_path, answer, *arguments):
    """A command on a terminal on which somebody answers; what stands there, and its exit code."""
    ours, theirs = pty.openpty()
    environ = {**environment_of(org), "XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-m", "salesforce_bulk", "conformance", *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                seen += os.read(ours, 1 << 16)
            except OSError:  # how Linux says that the other side has closed
                break
            if answer is not None and seen.endswith(b"[y/N] "):
                os.write(ours, answer)
                answer = None
        code = process.wait(60)
    os.close(ours)
    return seen.decode().replace("\r\n", "\n"), code


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 2), (b"\n", 2), (b"y\n", 0)])
def test_on_a_terminal_it_asks_once(org, tmp_path, answer, code):
    screen, ended = typed(org, tmp_path, answer, "--write", "--only", WRITING)
    assert ended == code
    assert screen.count("Go on? [y/N]") == 1
    assert ("Nothing was written." in screen) is (code == 2)
    assert f"asking 1 of 1  {WRITING}" in screen or code == 2


def test_a_report_is_written_and_compared_with_the_emulator(shell, otherwise):
    assert shell(*ONE, "--report", "org.json").exit_code == 0
    text = (shell.folder / "org.json").read_text()
    assert read_report(shell.folder / "org.json")["dialect"] == {
        CONTENT_TYPE: "text/csv;charset=UTF-8"
    }
    assert otherwise.username not in text
    assert otherwise.host not in text
    done = shell("conformance", "--replay", "org.json")
    assert done.exit_code == 0
    assert done.out == "1 behaviour of the report, no difference in the emulator\n"


def test_a_replay_tells_each_difference(shell):
    shell(*ONE, "--report", "org.json")
    report = json.loads((shell.folder / "org.json").read_text())
    report["findings"][0]["reading"] = "text/plain"
    shell.write("changed.json", json.dumps(report))
    done = shell("conformance", "--replay", "changed.json")
    assert done.out.splitlines() == [
        "1 behaviour of the report, 1 difference in the emulator",
        "",
        f"{CONTENT_TYPE}  reading",
        "  the report    text/plain",
        "  the emulator  text/csv",
    ]
    assert shell("conformance", "--replay", "changed.json", "--json").json["differences"] == [
        {
            "behaviour": CONTENT_TYPE,
            "what": "reading",
            "reported": "text/plain",
            "emulated": "text/csv",
        }
    ]


def test_a_replay_of_what_is_no_report_is_2(shell):
    shell.write("x.json", "{}")
    assert shell("conformance", "--replay", "x.json").exit_code == 2
    assert shell("conformance", "--replay", "none.json").exit_code == 2


def test_what_is_no_salesforce_is_1_with_what_to_look_at(shell, monkeypatch, kept):
    with RawServer(answer=http("<html>Login</html>", 200, "text/html")) as server:
        for name in ("USERNAME", "PASSWORD", "SECURITY_TOKEN", "LOGIN_URL"):
            monkeypatch.delenv(f"SALESFORCE_BULK_{name}")
        monkeypatch.setenv("SALESFORCE_BULK_ACCESS_TOKEN", "00D!token")
        monkeypatch.setenv("SALESFORCE_BULK_INSTANCE_URL", server.url)
        done = shell("conformance", "--write", "--yes")
        assert len(server.received) == 1
    assert (done.exit_code, "is no Salesforce org" in done.err) == (1, True)
    assert done.out == ""
    assert left(kept) == []


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (http('[{"errorCode": "INVALID_SESSION_ID"}]', 401, "application/json"), 4, "log in again"),
        ([RESET], 1, "no answer came"),
    ],
)
def test_an_org_that_ceases_to_answer_midway_is_not_0(shell, monkeypatch, kept, answer, code, told):
    versions = http('[{"version": "62.0"}]', 200, "application/json")
    organization = http('{"records": [{"IsSandbox": true}]}', 200, "application/json")
    with RawServer(versions, organization, answer=answer) as server:
        for name in ("USERNAME", "PASSWORD", "SECURITY_TOKEN", "LOGIN_URL"):
            monkeypatch.delenv(f"SALESFORCE_BULK_{name}")
        monkeypatch.setenv("SALESFORCE_BULK_ACCESS_TOKEN", "00D!token")
        monkeypatch.setenv("SALESFORCE_BULK_INSTANCE_URL", server.url)
        chosen = [word for name in SEVERAL for word in ("--only", name)]
        done = shell("conformance", *chosen)
    assert done.exit_code == code
    assert told in done.out
    assert left(kept) == []


def test_when_the_time_is_up_it_is_5_and_says_how_to_give_it_more(shell):
    done = shell(*ONE, "--timeout", "0.000001")
    assert done.exit_code == 5
    assert "1 could not be asked: the time was up" in done.out
    assert done.err.splitlines()[-1] == ("Go on with: salesforce-bulk conformance --timeout 2e-06")


def test_what_a_run_left_that_was_killed_is_deleted_by_cleanup(org, shell, kept):
    bulk = org.connect()
    bulk.insert("Account", [{"Name": f"{MARK} 1a2b3c4d 7"}, {"Name": "Acme"}])
    job = bulk.create_insert_job("Account")
    kept.mkdir(parents=True)
    notes = [{"origin": org.url, "mark": f"{MARK} 1a2b3c4d"}]
    notes.append({"job": f"/services/async/{bulk.API_version}/job/{job}"})
    (kept / "1a2b3c4d.jsonl").write_text("".join(f"{json.dumps(note)}\n" for note in notes))
    done = shell("conformance", "--cleanup")
    assert done.exit_code == 0
    assert "1 job aborted, 1 record deleted" in done.err
    assert [row["Name"] for row in org.connect().export("SELECT Name FROM Account")] == ["Acme"]
    assert bulk.job_status(job)["state"] == "Aborted"
    assert left(kept) == []
    assert "0 records" not in shell("conformance", "--cleanup").err


def test_cleanup_looks_for_no_records_in_a_production_org(org, shell):
    make_production(org)
    before = len(org.requests)
    assert shell("conformance", "--cleanup").exit_code == 0
    assert not [one for one in org.requests[before:] if "Account" in one.path]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_takes_back_what_was_made_and_writes_the_report(org, tmp_path, number, code):
    environ = {**environment_of(org), "XDG_STATE_HOME": str(tmp_path / "state")}
    report = tmp_path / "org.json"
    command = [sys.executable, "-m", "salesforce_bulk", "conformance", "--write", "--yes"]
    calls = org.api_calls
    with subprocess.Popen(
        [*command, "--report", report],
        env=environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        while org.api_calls < calls + 60 and process.poll() is None:
            os.sched_yield()
        process.send_signal(number)
        _, told = process.communicate(timeout=90)
    assert process.returncode == code
    assert "behaviours were asked" in told
    assert "Go on with: salesforce-bulk conformance --write --yes" in told
    assert read_report(report)["complete"] is False
    assert list(org.connect().export("SELECT Id FROM Account")) == []
    assert not list((tmp_path / "state" / "salesforce-bulk" / "conformance").glob("*"))
