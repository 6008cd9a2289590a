"""Whatever answers: every probe has a finding, the run ends, and nothing is left behind unsaid."""

import json
import random
import re

import pytest
from fast_clock import FastClock
from probing import asked
from raw_server import CLOSE, RESET, STALL, RawServer, http
from silent_proxy import SilentProxy

from salesforce_bulk import SalesforceBulk, errors
from salesforce_bulk.conformance.cleanup import CleanupReport, take_back
from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.org_kind import kind_of
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Verdict, run_probes
from salesforce_bulk.conformance.run_notes import RunNotes, notes_of_earlier_runs
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator import SalesforceEmulator

pytestmark = pytest.mark.timeout(120)

SESSION = "00D000000000001!AQsecretSessionOfTheTest.abc"
LOGIN_PAGE = http("<html><title>Login | Salesforce</title></html>", 200, "text/html;charset=UTF-8")
DEEP = "[" * 50_000
NOISE = random.Random(7).randbytes(2_000)
ANSWERS = {
    "nothing": http(b""),
    "a login page": LOGIN_PAGE,
    "null": http("null", 200, "application/json"),
    "numbers": http("[1, 2, 3]", 200, "application/json"),
    "a text": http('"records"', 200, "application/json"),
    "an empty object": http("{}", 201, "application/json"),
    "objects within objects": http(DEEP, 200, "application/json"),
    "lists where values are": http('{"id": [], "state": {}, "records": 7}', 200,
                                   "application/json"),
    "ids that are none": http('{"id": "../../x?y#z", "state": "Open"}', 201, "application/json"),
    "XML of another kind": http("<rss><channel/></rss>", 200),
    "half of an element": http("<jobInfo><id>750", 201),
    "noise": http(NOISE, 200, "application/octet-stream"),
    "a gateway's error": http("<h1>502</h1>", 502, "text/html"),
    "moved": http(b"", 302, headers={"Location": "/elsewhere"}),
    "half a body": [http(b"x" * 900)[:-300], CLOSE],
    "a reset": [RESET],
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a job that never ends": http('{"id": "7505g0000000001AAA", "state": "InProgress"}', 200,
                                  "application/json"),
}  # fmt: skip


def client_of(server, clock=None):
    return SalesforceBulk(sessionId=SESSION, host=server.url, clock=clock or FastClock())


def findings_from(answer, probes=PROBES, seconds=3_600):
    with RawServer(answer=answer) as server:
        org = TargetOrg(client_of(server))
        org.end_after(seconds)
        return list(run_probes(org, probes, write=True)), org


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_probe_has_a_finding_whatever_an_org_answers(answer):
    findings, _ = findings_from(answer)
    assert [each.behaviour.id for each in findings] == [probe.behaviour for probe in PROBES]
    assert all(each.reading for each in findings)


def test_an_org_that_never_gets_ready_is_asked_until_the_time_is_up():
    findings, org = findings_from(ANSWERS["a job that never ends"], seconds=400)
    assert isinstance(org.ended, Exception)
    assert "the time was up" in findings[-1].reading


def test_an_org_that_falls_silent_costs_the_time_that_was_given_and_no_more():
    with RawServer(answer=[STALL]) as server:
        org = TargetOrg(SalesforceBulk(sessionId=SESSION, host=server.url))
        org.end_after(0.5)
        findings = list(run_probes(org, PROBES))
        assert len(server.received) == 1
    assert {each.verdict for each in findings} == {Verdict.NOT_ASKED}


def test_an_org_that_is_gone_is_given_up_after_three_probes():
    with RawServer() as server:
        gone = client_of(server)
    org = TargetOrg(gone)
    findings = list(run_probes(org, PROBES, write=True))
    assert isinstance(org.ended, errors.TransportError)
    assert org.calls <= 6
    assert len(findings) == len(PROBES)


@pytest.mark.parametrize(
    "answer",
    [ANSWERS[name] for name in ("nothing", "a login page", "null", "numbers", "noise", "no HTTP")],
)
def test_what_is_no_salesforce_is_said_to_be_none_after_one_call(answer):
    with RawServer(answer=answer) as server:
        org = TargetOrg(client_of(server))
        with pytest.raises(errors.TransportError):
            kind_of(org)
        assert {each.path for each in server.received} == {"/services/data"}


def test_a_login_page_is_named_with_what_to_look_at():
    with RawServer(answer=LOGIN_PAGE) as server:
        with pytest.raises(errors.UnexpectedResponse) as caught:
            kind_of(TargetOrg(client_of(server)))
        told = str(caught.value)
    assert "is no Salesforce org" in told
    assert "text/html" in told
    assert "a login page stand before it" in told
    assert "<html>" not in told


VERSIONS = http('[{"version": "62.0"}]', 200, "application/json")


@pytest.mark.parametrize(
    ("record", "name", "may_be_written"),
    [
        ({"IsSandbox": True, "TrialExpirationDate": None}, "sandbox", True),
        ({"IsSandbox": True, "TrialExpirationDate": "2024-03-01"}, "scratch org", True),
        ({"IsSandbox": False, "OrganizationType": "Developer Edition"}, "Developer Edition org",
         True),
        ({"IsSandbox": False, "OrganizationType": "Unlimited Edition"}, "production org", False),
        ({"IsSandbox": False, "TrialExpirationDate": "2024-03-01"}, "production org", False),
        ({"IsSandbox": "true"}, "org of unknown kind", False),
        ({}, "org of unknown kind", False),
    ],
)  # fmt: skip
def test_records_are_made_in_orgs_for_tests_only(record, name, may_be_written):
    answer = http(json.dumps({"records": [record]}), 200, "application/json")
    with RawServer(VERSIONS, answer) as server:
        kind = kind_of(TargetOrg(client_of(server)))
    assert (kind.name, kind.may_be_written) == (name, may_be_written)


def test_a_user_who_may_not_read_the_organization_may_not_write():
    refused = http('[{"errorCode": "INSUFFICIENT_ACCESS"}]', 403, "application/json")
    with RawServer(VERSIONS, refused) as server:
        kind = kind_of(TargetOrg(client_of(server)))
    with pytest.raises(
        errors.InvalidInput, match="this is an org of unknown kind; nothing was written"
    ):
        kind.refuse_writing()


def test_a_session_that_ends_midway_ends_the_run_and_is_said_to_have_ended():
    with SalesforceEmulator(inline=True) as emulator:
        session = emulator.connect().sessionId
        org = TargetOrg(SalesforceBulk(sessionId=session, host=emulator.url, clock=FastClock()))
        probe = Probe("bulk1.query.content_type", lambda org: str(org.send("GET", org.data).status))
        run = run_probes(org, [probe] * 3)
        assert next(run).reading == "200"
        emulator.sessions.expire_all()
        others = list(run)
    assert isinstance(org.ended, errors.SessionExpired)
    assert {each.verdict for each in others} == {Verdict.NOT_ASKED}
    assert all("log in again" in each.reading for each in others)


def test_a_session_that_can_be_renewed_is():
    with SalesforceEmulator(inline=True) as emulator:
        org = TargetOrg(emulator.connect())
        for path in (f"{org.data}/limits", f"{org.bulk1}/job/7505g0000000001AAA"):
            emulator.sessions.expire_all()
            answer = org.send("GET", path)
            assert b"session" not in answer.body.lower()
    assert len(org.exchanges) == 4


def test_a_probe_that_fails_once_is_not_waited_for_by_those_that_share_it():
    made = []

    def make(org):
        made.append(org)
        raise NotAsked("the org has no Bulk API")

    probe = Probe("bulk1.query.content_type", lambda org: org.once("shared", make))
    findings, _ = findings_from(http(b""), [probe, probe, probe])
    assert len(made) == 1
    assert {each.reading for each in findings} == {"the org has no Bulk API"}


def test_a_mistake_of_a_probe_is_its_finding():
    probe = Probe("bulk1.query.content_type", lambda org: {}["records"])
    findings, _ = findings_from(http(b""), [probe])
    assert findings[0].verdict is Verdict.NOT_ASKED
    assert "KeyError: 'records'" in findings[0].reading


# What is left behind


def open_job(org):
    """A probe that opens a job, and fails."""
    answer = org.send(
        "POST",
        f"{org.data}/jobs/ingest",
        b'{"object": "Account", "operation": "insert"}',
        {"Content-Type": "application/json"},
    )
    org.note_job(f"{org.data}/jobs/ingest/{answer.json()['id']}")
    raise NotAsked("no longer")


def make_accounts(org):
    """A probe that makes records, and notes one of them."""
    for number in range(3):
        name = json.dumps({"Name": f"{org.mark} {number}"}).encode()
        path = f"{org.data}/sobjects/Account"
        answer = org.send("POST", path, name, {"Content-Type": "application/json"})
    org.note_record("Account", answer.json()["id"])
    raise NotAsked("no longer")


MAKING = [Probe("bulk1.query.content_type", ask, writes=True) for ask in (open_job, make_accounts)]


def states(emulator):
    return {job.state for job in emulator.engine.jobs}


def accounts(emulator):
    return [row["Name"] for row in emulator.connect().export("SELECT Name FROM Account")]


NOT_OURS = ["Acme", "salesforce-bulk conformance"]


@pytest.fixture
def emulator():
    with SalesforceEmulator(inline=True) as running:
        running.connect().insert(
            "Account", [{"Name": "Acme"}, {"Name": "salesforce-bulk conformance"}]
        )
        yield running


def test_what_probes_made_is_taken_back(emulator, tmp_path):
    left = RunNotes.create(tmp_path, emulator.url)
    org = TargetOrg(emulator.connect(), notes=left)
    list(run_probes(org, MAKING, write=True))
    assert len(accounts(emulator)) == 5
    done = CleanupReport()
    take_back(org, left, done, records=True)
    assert (done.jobs, done.records, done.left) == (1, 3, [])
    assert sorted(accounts(emulator)) == NOT_OURS
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_left_that_was_killed_is_found_by_its_file(emulator, tmp_path):
    org = TargetOrg(emulator.connect(), notes=RunNotes.create(tmp_path, emulator.url))
    list(run_probes(org, MAKING, write=True))
    file = next(tmp_path.iterdir())
    file.write_text(file.read_text() + '{"object": "Acc')  # killed in the midst of a line
    assert notes_of_earlier_runs(tmp_path, "https://other.example.com") == []
    (found,) = notes_of_earlier_runs(tmp_path, emulator.url)
    assert (found.mark, found.jobs, found.records) == (org.mark, org.notes.jobs, org.notes.records)
    done = CleanupReport()
    take_back(TargetOrg(emulator.connect()), found, done, records=True)
    assert (done.jobs, done.records, done.left) == (1, 3, [])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_taken_back_is_told_and_its_file_stays(emulator, tmp_path):
    with SilentProxy(emulator, how="busy") as proxy:
        client = proxy.connect(clock=FastClock())
        left = RunNotes.create(tmp_path, proxy.url)
        org = TargetOrg(client, notes=left)
        list(run_probes(org, MAKING, write=True))
        proxy.fall_silent_at(1)
        done = CleanupReport()
        take_back(org, left, done, records=True)
    assert done.records == 0
    assert any("Account records whose Name begins with" in each for each in done.left)
    assert left.file.exists()


class Protecting(SilentProxy):
    """The first of several records may not be deleted."""

    def changed(self, request, body):
        if request.method != "DELETE" or len(json.loads(body)) == 1:
            return body
        refused = {"success": False, "errors": [{"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY"}]}
        return json.dumps([refused, *json.loads(body)[1:]]).encode()


def test_a_record_that_may_not_be_deleted_is_told_and_the_others_go(emulator):
    org = TargetOrg(emulator.connect())
    list(run_probes(org, MAKING, write=True))
    done = CleanupReport()
    with Protecting(emulator) as proxy:
        take_back(TargetOrg(proxy.connect(clock=FastClock())), org.notes, done, records=True)
    assert (done.jobs, done.records) == (1, 2)
    assert [each.partition(" 001")[0] for each in done.left] == ["Account"]
    assert done.left[0].endswith("INSUFFICIENT_ACCESS_OR_READONLY")


@pytest.mark.parametrize("at", [1, 2, 5, 17, 40])
def test_wherever_the_network_goes_what_is_left_is_known(emulator, tmp_path, at):
    probes = [*MAKING, *PROBES[:30]]
    with SilentProxy(emulator, at, "busy") as proxy:
        left = RunNotes.create(tmp_path, emulator.url)
        org = TargetOrg(proxy.connect(clock=FastClock()), notes=left)
        findings = list(run_probes(org, probes, write=True))
        take_back(org, left, CleanupReport(), records=True)
    assert len(findings) == len(probes)
    done = CleanupReport()
    for each in notes_of_earlier_runs(tmp_path, emulator.url):
        take_back(TargetOrg(emulator.connect()), each, done, records=True)
    assert done.left == []
    assert sorted(accounts(emulator)) == NOT_OURS
    assert states(emulator) <= {"Aborted", "Closed", "JobComplete"}


def test_a_job_of_which_the_org_says_nothing_is_told_to_be_left(tmp_path):
    opened = http('{"id": "7505g0000000001AAA", "state": "Open"}', 201, "application/json")
    broken = http('[{"errorCode": "UNKNOWN_EXCEPTION"}]', 500, "application/json")
    with RawServer(opened, answer=broken) as server:
        left = RunNotes.create(tmp_path, server.url)
        org = TargetOrg(client_of(server), notes=left)
        list(run_probes(org, MAKING[:1], write=True))
        done = CleanupReport()
        take_back(org, left, done, records=False)
    assert done.left == ["job 7505g0000000001AAA: 500 UNKNOWN_EXCEPTION"]
    assert left.file.exists()


def test_a_job_that_was_closed_is_asked_about_no_more(emulator):
    org = TargetOrg(emulator.connect())
    list(run_probes(org, MAKING[:1], write=True))
    (path,) = org.notes.jobs
    closed = b'{"state": "Aborted"}'
    org.send("PATCH", path, closed, {"Content-Type": "application/json"})
    assert org.notes.jobs == []


def test_an_org_that_is_silent_from_the_first_call_on_is_given_up():
    with RawServer(answer=[STALL]) as server:
        org = TargetOrg(SalesforceBulk(sessionId=SESSION, host=server.url))
        with pytest.raises(errors.RequestTimeout, match="nothing was asked"):
            kind_of(org, 0.3)


@pytest.mark.parametrize("rows", [12, 500])
def test_more_rows_are_sent_where_they_tell_more(rows):
    probe = [each for each in PROBES if each.behaviour == "bulk2.result.order"]
    with emulated_org({"bulk2.result.order": "shuffled"}, rows) as org:
        (finding,) = run_probes(org, probe, write=True)
    assert finding.reading == "shuffled"
    assert max(each.request_body.count(b"\n") for each in finding.exchanges) == rows + 1


def test_a_job_is_told_of_whose_answer_was_lost(emulator, tmp_path):
    with SilentProxy(emulator, how="the answer is lost") as proxy:
        left = RunNotes.create(tmp_path, emulator.url)
        org = TargetOrg(proxy.connect(), notes=left)
        org.end_after(0.5)
        proxy.fall_silent_at(1)
        list(run_probes(org, MAKING[:1], write=True))
    (found,) = notes_of_earlier_runs(tmp_path, emulator.url)
    done = CleanupReport()
    take_back(TargetOrg(emulator.connect()), found, done, records=True)
    assert "salesforce-bulk jobs" in done.doubtful[0]
    assert done.left == []


#: Lists of jobs, and the kinds of jobs in them.
JOB_TYPES = {"ingest": ("Classic", "V2Ingest"), "query": ("V2Query",)}


def test_of_all_that_probes_make_nothing_stays():
    with asked({}) as (org, findings):
        done = CleanupReport()
        take_back(org, org.notes, done, records=True)
        records = org.send("GET", f"{org.data}/limits/recordCount?sObjects=Account,Contact,Lead")
        jobs = [
            org.send("GET", f"{org.data}/jobs/{kind}?jobType={job_type}").text
            for kind, types in JOB_TYPES.items()
            for job_type in types
        ]
    assert all(each.verdict is Verdict.AGREES for each in findings)
    assert done.left == []
    assert {each["count"] for each in records.json()["sObjects"]} == {0}
    assert len(re.findall('"state"', "".join(jobs))) > 50
    assert not re.findall('"state" ?: ?"(Open|UploadComplete|InProgress)"', "".join(jobs))
