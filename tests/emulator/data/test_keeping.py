"""``--data DIR``: what is kept, through a stop, a kill, and damage."""

import contextlib
import itertools
import json
import pickle
import re
import signal
import threading

import process
import pytest
import requests

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.emulator.data.directory_lock import DirectoryInUseError

BATCHES, ROWS = 12, 2_000
TIMEOUT = 60


def test_queued_batches_run_after_the_next_start(tmp_path, connect):
    with SalesforceEmulator(data=tmp_path, inline=True, clock=ManualClock()) as emulator:
        bulk1 = connect(emulator)
        done, done_batch = bulk1.load("insert", "Account", "Name\nA\n")
        emulator.engine.pause()
        job = bulk1.job("insert", "Account")
        batches = [bulk1.batch(job, f"Name\nB{number}\n") for number in range(3)]
        results = bulk1.results(done, done_batch).text
        info = bulk1.info(done).text
    with SalesforceEmulator(data=tmp_path, inline=True, clock=ManualClock()) as emulator:
        bulk1 = connect(emulator)
        assert emulator.org.count("Account") == 4
        assert bulk1.results(done, done_batch).text == results
        assert bulk1.info(done).text == info
        assert [bulk1.status(job, batch).value("state") for batch in batches] == ["Completed"] * 3
        assert bulk1.batch(job, "Name\nlate\n") not in batches
        assert bulk1.job("insert", "Account") not in (done, job)


def test_everything_a_job_is_made_of_is_kept(tmp_path, connect):
    """Jobs of both APIs, upsert keys, PK chunks, results of queries, uploads, field mappings."""
    with SalesforceEmulator(data=tmp_path, inline=True, clock=ManualClock()) as emulator:
        bulk1 = connect(emulator)
        emulator.define_object("Load__c", {"Ext__c": "externalId"})
        more = "<externalIdFieldName>Ext__c</externalIdFieldName>"
        upsert, _ = bulk1.load("upsert", "Load__c", "Ext__c,Name\ne,N\n", more=more)
        headers = {"Sforce-Enable-PKChunking": "chunkSize=1"}
        bulk1.load("insert", "Account", "Name\nA\nB\nC\n")
        chunked = bulk1.job("query", "Account", headers=headers)
        bulk1.batch(chunked, "SELECT Id FROM Account")
        mapped = bulk1.job("insert", "Account")
        spec = "Salesforce Field,Csv Header,Value,Hint\nName,Firm,,\n"
        assert bulk1.call("POST", f"job/{mapped}/spec", spec, "text/csv").status == 201
        ingest = rest(bulk1, "POST", "ingest", {"object": "Account", "operation": "insert"})["id"]
        path = f"/services/data/v62.0/jobs/ingest/{ingest}/batches"
        auth = {"Authorization": f"Bearer {bulk1.token}"}
        assert bulk1.call("PUT", path, "Name\nD\n", "text/csv", auth).status == 201
        soql = {"query": "SELECT Name FROM Account", "operation": "query"}
        query = rest(bulk1, "POST", "query", soql)["id"]
        before = [bulk1.info(job).text for job in (upsert, chunked, mapped)]
        before += [bulk1.batches(chunked).text, page(bulk1, query)]
    with SalesforceEmulator(data=tmp_path, inline=True, clock=ManualClock()) as emulator:
        bulk1 = connect(emulator)
        after = [bulk1.info(job).text for job in (upsert, chunked, mapped)]
        after += [bulk1.batches(chunked).text, page(bulk1, query)]
        assert after == before
        bulk1.batch(mapped, "Firm\nE\n")
        rest(bulk1, "PATCH", f"ingest/{ingest}", {"state": "UploadComplete"})
        assert emulator.org.count("Account") == 5
        assert rest(bulk1, "GET", f"ingest/{ingest}")["numberRecordsProcessed"] == 1


def rest(bulk1, method, path, document=None):
    body = json.dumps(document) if document is not None else None
    headers = {"Authorization": f"Bearer {bulk1.token}"}
    url = f"/services/data/v62.0/jobs/{path}"
    answer = bulk1.call(method, url, body, "application/json", headers)
    assert answer.status == 200, answer.text
    return answer.json


def page(bulk1, query):
    headers = {"Authorization": f"Bearer {bulk1.token}"}
    return bulk1.get(f"/services/data/v62.0/jobs/query/{query}/results", headers=headers).text


def test_a_batch_between_two_attempts_has_failed(tmp_path, connect):
    with SalesforceEmulator(data=tmp_path, inline=True) as emulator:
        bulk1 = connect(emulator)
        emulator.engine.pause()
        emulator.faults.add("requeue", after_rows=0)
        job, batch = bulk1.load("insert", "Account", "Name\nA\n")
        emulator.engine.run_pending(1)
        assert bulk1.status(job, batch).value("state") == "Queued"
    with SalesforceEmulator(data=tmp_path, inline=True) as emulator:
        status = connect(emulator).status(job, batch)
        assert status.value("state") == "Failed"
        assert "stopped between two attempts" in status.value("stateMessage")


def test_objects_ids_and_deletions_are_kept(tmp_path, connect):
    def names(bulk1, operation="query"):
        return bulk1.query("Load__c", "SELECT Id, Name FROM Load__c", operation=operation)[0]

    with SalesforceEmulator(data=tmp_path, inline=True) as emulator:
        emulator.define_object("Load__c", {"Ext__c": "externalId"})
        bulk1 = connect(emulator)
        job, batch = bulk1.load("insert", "Load__c", "Name\nA\nB\n")
        first = re.findall('"(a0[^"]*)"', bulk1.results(job, batch).text)[0]
        bulk1.load("delete", "Load__c", f"Id\n{first}\n")
        before, all_before = names(bulk1), names(bulk1, "queryAll")
    with SalesforceEmulator(data=tmp_path, inline=True, seed=9) as emulator:
        bulk1 = connect(emulator)
        assert (names(bulk1), names(bulk1, "queryAll")) == (before, all_before)
        job, batch = bulk1.load("insert", "Load__c", "Name\nC\n")
        assert bulk1.results(job, batch).text.split('"')[9] not in all_before.decode()


def test_reset_empties_the_directory_too(tmp_path, connect):
    with SalesforceEmulator(data=tmp_path, inline=True) as emulator:
        bulk1 = connect(emulator)
        job, _ = bulk1.load("insert", "Account", "Name\nA\n")
        emulator.reset()
    with SalesforceEmulator(data=tmp_path, inline=True) as emulator:
        assert emulator.org.count("Account") == 0
        assert connect(emulator).info(job).error[1] == "InvalidJob"


def test_a_directory_is_for_one_emulator_at_a_time(tmp_path):
    with SalesforceEmulator(data=tmp_path):
        with pytest.raises(DirectoryInUseError, match="is in use by another emulator"):
            SalesforceEmulator(data=tmp_path)
        with SalesforceEmulator(data=tmp_path / "other"):
            pass
    with SalesforceEmulator(data=tmp_path):
        pass


def test_a_directory_that_is_none_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        SalesforceEmulator(data=tmp_path / "file")
    (tmp_path / "org").mkdir()
    (tmp_path / "org" / "lock.sqlite3").write_text("no database, and longer than its header " * 9)
    with pytest.raises(OSError, match="cannot be used"):
        SalesforceEmulator(data=tmp_path / "org")


class Evil:
    def __reduce__(self):
        return print, ("run by pickle",)


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", pickle.dumps([1]), pickle.dumps(Evil()), b"\x80\x04"]
)
def test_books_that_are_none_are_refused_and_run_nothing(tmp_path, content, capsys):
    with SalesforceEmulator(data=tmp_path):
        pass
    (tmp_path / "jobs" / "jobs.pickle").write_bytes(content)
    with pytest.raises(OSError, match=r"jobs\.pickle"):
        SalesforceEmulator(data=tmp_path)
    assert capsys.readouterr().out == ""
    (tmp_path / "jobs" / "jobs.pickle").unlink()
    with SalesforceEmulator(data=tmp_path):
        pass


@pytest.fixture(scope="module")
def kept_database(tmp_path_factory):
    """The content of the database of an org with records."""
    directory = tmp_path_factory.mktemp("whole")
    with SalesforceEmulator(data=directory, inline=True) as emulator:
        plan = emulator.org.plan_write("insert", "Account", ["Name"])
        plan.write([[f"A{row}"] for row in range(2_000)])
    return (directory / "org.sqlite3").read_bytes()


@pytest.mark.parametrize("part", [0, 1, 50, 100, 4096, 5000, 0.25, 0.5, 0.99, -4096, -1])
def test_a_database_that_was_cut_is_told_in_words(tmp_path, kept_database, part):
    end = int(part * len(kept_database)) if isinstance(part, float) else part
    (tmp_path / "org.sqlite3").write_bytes(kept_database[:end])
    with pytest.raises(OSError, match=r"org\.sqlite3 cannot be read .* begin with an empty one"):
        SalesforceEmulator(data=tmp_path)


# in processes of their own


class Load:
    """A Bulk API 1.0 load: 12 batches of 2,000 rows, each row with a name of its own."""

    def __init__(self, org, client):
        self.base = f"{org.url}/services/async/62.0/job"
        self.client = client
        document = (
            "<jobInfo><operation>insert</operation><object>Account</object>"
            "<contentType>CSV</contentType></jobInfo>"
        )
        headers = {"Content-Type": "application/xml"}
        made = client.post(self.base, document, headers=headers, timeout=TIMEOUT).text
        self.job = re.search("<id>(.*?)</id>", made)[1]
        self.batches = []
        for number in range(BATCHES):
            body = "Name\n" + "".join(f"{number}-{row}\n" for row in range(ROWS))
            headers = {"Content-Type": "text/csv"}
            url = f"{self.base}/{self.job}/batch"
            made = client.post(url, body, headers=headers, timeout=TIMEOUT).text
            self.batches.append(re.search("<id>(.*?)</id>", made)[1])

    def get(self, path):
        return self.client.get(f"{self.base}/{self.job}/batch{path}", timeout=TIMEOUT).text

    def completed(self):
        return {
            batch
            for batch, state in re.findall(
                "<id>(751.*?)</id>.*?<state>(.*?)</state>", self.get(""), re.DOTALL
            )
            if state == "Completed"
        }

    def successes(self, batches):
        """The ids that were reported as successes."""
        found = set()
        for batch in batches:
            found |= set(re.findall('"(001[^"]+)","true"', self.get(f"/{batch}/result")))
        return found


def stored(org, client):
    """The ids of all accounts."""
    url = f"{org.url}/services/data/v62.0/query?q=SELECT+Id+FROM+Account"
    found = set()
    while url:
        answer = client.get(url, timeout=TIMEOUT).json()
        found |= {record["Id"] for record in answer["records"]}
        url = answer.get("nextRecordsUrl") and org.url + answer["nextRecordsUrl"]
    return found


def loaded_in_part(org, client):
    """A load of which some batches are done and others not; what it was told."""
    load = Load(org, client)
    while not load.completed():
        pass
    return load, load.successes(load.completed())


def test_sigterm_in_the_middle_of_batches_loses_nothing(tmp_path):
    command = ("-m", "salesforce_bulk", "emulator")
    with (
        process.emulator("--data", tmp_path, command=command) as org,
        process.session(org) as client,
    ):
        load, told = loaded_in_part(org, client)
        assert process.end(org, signal.SIGTERM) == (0, "")
    assert ROWS <= len(told) < BATCHES * ROWS
    with process.emulator("--data", tmp_path) as org, process.session(org) as client:
        assert told <= stored(org, client)
        load.base, load.client = f"{org.url}/services/async/62.0/job", client
        while len(load.completed()) < BATCHES:
            pass
        assert len(load.successes(load.batches)) == BATCHES * ROWS
        assert stored(org, client) == load.successes(load.batches)


def test_a_kill_keeps_every_row_that_was_reported_and_frees_the_directory(tmp_path):
    with process.emulator("--data", tmp_path) as org, process.session(org) as client:
        load, told = loaded_in_part(org, client)
        assert process.end(org, signal.SIGKILL)[0] == -signal.SIGKILL
    with process.emulator("--data", tmp_path) as org, process.session(org) as client:
        kept = stored(org, client)
        assert told <= kept
        assert len(kept) <= BATCHES * ROWS
        load.base, load.client = f"{org.url}/services/async/62.0/job", client
        assert "Unable to find job" in load.get("")
    assert not [entry for entry in (tmp_path / "jobs").iterdir() if entry.is_dir()]


class Writer(threading.Thread):
    """Makes, changes and deletes records, singly and 50 a call, until nobody answers; knows what
    it was answered."""

    def __init__(self, org, number):
        super().__init__()
        self.base = f"{org.url}/services/data/v62.0"
        self.org, self.number = org, number
        self.names, self.deleted = {}, set()

    def run(self):
        with process.session(self.org) as client, contextlib.suppress(requests.RequestException):
            for turn in itertools.count():
                self.write_one(client, f"{self.number}-{turn}")
                self.write_some(client, f"{self.number}-{turn}")

    def write_one(self, client, name):
        records = f"{self.base}/sobjects/Account"
        made = client.post(records, json={"Name": name}, timeout=TIMEOUT).json()["id"]
        self.names[made] = {name}
        # Until the answer is there, either name may be.
        self.names[made].add(f"{name} changed")
        answer = client.patch(
            f"{records}/{made}", json={"Name": f"{name} changed"}, timeout=TIMEOUT
        )
        assert answer.status_code == 204
        self.names[made] = {f"{name} changed"}

    def write_some(self, client, name):
        url = f"{self.base}/composite/sobjects"
        records = [{"attributes": {"type": "Account"}, "Name": f"{name}-{n}"} for n in range(50)]
        made = [
            line["id"]
            for line in client.post(url, json={"records": records}, timeout=TIMEOUT).json()
        ]
        for n, identity in enumerate(made):
            self.names[identity] = {f"{name}-{n}"}
        for identity in made[:25]:
            self.names.pop(identity)
        client.delete(f"{url}?ids={','.join(made[:25])}", timeout=TIMEOUT).raise_for_status()
        self.deleted.update(made[:25])


def test_a_kill_while_many_write_keeps_whatever_was_answered(tmp_path):
    with process.emulator("--data", tmp_path) as org:
        writers = [Writer(org, number) for number in range(4)]
        for writer in writers:
            writer.start()
        while min(len(writer.deleted) for writer in writers) < 100:
            writers[0].join(0.01)
            assert all(writer.is_alive() for writer in writers)
        assert process.end(org, signal.SIGKILL)[0] == -signal.SIGKILL
        for writer in writers:
            writer.join()
    with process.emulator("--data", tmp_path) as org, process.session(org) as client:
        url = f"{org.url}/_emulator/v1/query?limit=1000&soql=SELECT+Id,Name+FROM+Account"
        found, after = {}, "000000000000000"
        while rows := client.get(f"{url}+WHERE+Id>'{after}'+ORDER+BY+Id", timeout=TIMEOUT).json()[
            "rows"
        ]:
            found |= dict(rows)
            after = rows[-1][0]
        for writer in writers:
            assert writer.names.keys() <= found.keys()
            assert all(found[identity] in names for identity, names in writer.names.items())
            assert writer.deleted.isdisjoint(found)
        assert len(found) >= 4 * 100


def test_two_processes_side_by_side_have_a_directory_and_an_org_each(tmp_path):
    with (
        process.emulator("--data", tmp_path / "one") as one,
        process.emulator("--data", tmp_path / "two", "--seed", 1) as two,
        process.session(one) as first,
        process.session(two) as second,
    ):
        third = process.failure("--data", tmp_path / "one")
        assert third == (2, "", f"error: {tmp_path / 'one'} is in use by another emulator\n")
        url = "{}/services/data/v62.0/sobjects/Account"
        made = first.post(url.format(one.url), json={"Name": "A"}, timeout=TIMEOUT).json()["id"]
        assert stored(one, first) == {made}
        assert stored(two, second) == set()
        foreign = second.get(f"{one.url}/services/data/v62.0/limits", timeout=TIMEOUT)
        assert foreign.status_code == 401
