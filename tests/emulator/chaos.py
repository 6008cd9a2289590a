"""Many clients at once against an emulator that misbehaves at random.

    python tests/emulator/chaos.py [--seconds 60] [--threads 16] [--seed 0]

Each client loads rows of its own through both Bulk APIs and REST, repeats what may be repeated,
and notes what it was told of each row. At the end the store must agree with all of them: every
row that was told a success is there under its id, no row that was told a failure is there, none
is there twice, none that nobody sent; the jobs' counters add up to the store; and once the
emulator is stopped, no thread and no socket of it is left.
"""

import argparse
import csv
import gc
import http.client
import io
import json
import logging
import random
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from salesforce_bulk.emulator import Fault, SalesforceEmulator

VERSION = "64.0"
ASYNC, DATA = f"/services/async/{VERSION}", f"/services/data/v{VERSION}"
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
LOGIN = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<login xmlns="urn:partner.soap.sforce.com"><username>{}</username><password>{}</password>'
    "</login></e:Body></e:Envelope>"
)
#: Probability of each fault at each of its occasions.
RARE, OFTEN = 0.01, 0.05
FAULTS = [
    *(
        Fault(kind, times=0, probability=RARE, after_bytes=40)
        for kind in ("reset_during", "cut", "cut_sized", "cut_unsized", "corrupt_gzip", "garbage")
    ),
    *(
        Fault(kind, times=0, probability=RARE)
        for kind in ("reset_before", "reset_after", "closed_before", "answer_lost", "html_error")
    ),
    Fault("html_error_after", times=0, probability=RARE, status=502),
    Fault("redirect", times=0, probability=RARE),
    Fault("stall", times=0, probability=RARE, after_bytes=10, seconds=0.2),
    Fault("api_error", times=0, probability=RARE, status=503, retry_after="0"),
    Fault("request_limit", times=0, probability=RARE),
    Fault("session_expired", times=0, probability=RARE),
    Fault("requeue", times=0, probability=OFTEN, after_rows=7),
    Fault("batch_failed", times=0, probability=OFTEN, after_rows=5),
    Fault("row_errors", times=0, probability=OFTEN, after_rows=3, rows=4),
    Fault("slow_batch", times=0, probability=OFTEN, seconds=0.05),
]


class Unanswered(Exception):
    """Whether the server did it cannot be known."""


class TimeUp(Exception):
    """The run ends."""


@dataclass
class Notes:
    """What one client was told."""

    sent: set = field(default_factory=set)
    #: Those of them that were sent in bulk.
    bulk: set = field(default_factory=set)
    good: dict = field(default_factory=dict)
    bad: set = field(default_factory=set)
    seen: Counter = field(default_factory=Counter)


class Client:
    """One client; ``until`` is when it stops."""

    def __init__(self, emulator, number, seed, until):
        self._credentials = emulator.username, emulator.password + emulator.security_token
        self._host = emulator.host
        self._random = random.Random(f"client {seed} {number}")
        self._prefix = f"t{number}-"
        self._next = 0
        self._until = until
        self._connection = None
        self._token = ""
        self.notes = Notes()

    def run(self):
        works = (self.load_1, self.load_2, self.load_2, self.upsert, self.read)
        try:
            while True:
                try:
                    self._random.choice(works)()
                except Unanswered:
                    self.notes.seen["unknown"] += 1
        except TimeUp:
            pass
        finally:
            self._close()

    # what it does

    def load_1(self):
        job = self._job_id(
            f"{ASYNC}/job",
            f'<jobInfo xmlns="{NAMESPACE}"><operation>insert</operation><object>Load__c</object>'
            "<contentType>CSV</contentType></jobInfo>",
            "application/xml",
        )
        names, body = self._rows()
        reply = self._once("POST", f"{ASYNC}/job/{job}/batch", body, "text/csv")
        batch = re.search(rb"<id>(\w+)</id>", reply)[1].decode()
        path = f"{ASYNC}/job/{job}/batch/{batch}"
        state = self._wait(path, rb"<state>(Completed|Failed|NotProcessed)</state>")
        reply = self._again("GET", f"{path}/result", fine=(200, 400))
        results = _table(reply) if reply.startswith(b'"Id"') else []
        for name, row in zip(names, results, strict=state == b"Completed"):
            self._note(name, row["Success"] == "true", row["Id"])
        self.notes.seen["loads of 1.0"] += 1

    def load_2(self):
        document = {"object": "Load__c", "operation": "insert"}
        job = self._job_id(f"{DATA}/jobs/ingest", json.dumps(document), "application/json")
        names, body = self._rows()
        path = f"{DATA}/jobs/ingest/{job}"
        self._once("PUT", f"{path}/batches", body, "text/csv")
        self._once("PATCH", path, '{"state":"UploadComplete"}', "application/json")
        if self._random.random() < 0.1:
            self._again("PATCH", path, '{"state":"Aborted"}', "application/json", fine=(200, 400))
        state = self._wait(path, rb'"state":"(JobComplete|Failed|Aborted)"')
        good = _table(self._again("GET", f"{path}/successfulResults"))
        failed = _table(self._again("GET", f"{path}/failedResults"))
        left = _table(self._again("GET", f"{path}/unprocessedrecords"))
        told = [row["Ext__c"] for row in [*good, *failed, *left]]
        if sorted(told) != sorted(names):
            raise AssertionError(f"{job} {state}: sent {sorted(names)}, told {sorted(told)}")
        for row in good:
            self._note(row["Ext__c"], True, row["sf__Id"])
        for row in [*failed, *left]:
            self._note(row["Ext__c"], False)
        self.notes.seen["loads of 2.0"] += 1

    def upsert(self):
        name = self._name()
        self.notes.sent.add(name)
        path = f"{DATA}/sobjects/Load__c/Ext__c/{name}"
        reply = self._again("PATCH", path, '{"Amount__c":1}', "application/json", fine=(200, 201))
        self._note(name, True, json.loads(reply)["id"])
        self.notes.seen["upserts"] += 1

    def read(self):
        """All pages of a query have each row of ours that was there when it began."""
        before = set(self.notes.good)
        soql = f"SELECT Ext__c FROM Load__c WHERE Ext__c LIKE '{self._prefix}%'"
        document = json.dumps({"operation": "query", "query": soql})
        job = self._job_id(f"{DATA}/jobs/query", document, "application/json")
        path = f"{DATA}/jobs/query/{job}"
        if self._wait(path, rb'"state":"(JobComplete|Failed|Aborted)"') != b"JobComplete":
            return
        found, locator = [], ""
        while locator != "null":
            page = self._again(
                "GET", f"{path}/results?maxRecords=50{locator and '&locator=' + locator}"
            )
            found += [row["Ext__c"] for row in _table(page)]
            locator = self._headers["Sforce-Locator"]
        if len(found) != len(set(found)) or not before <= set(found):
            raise AssertionError(f"{job}: {len(found)} rows, missing {before - set(found)}")
        self.notes.seen["queries"] += 1

    # how it does it

    def _rows(self):
        names = [self._name() for _ in range(self._random.randint(1, 40))]
        self.notes.sent.update(names)
        self.notes.bulk.update(names)
        lines = [f"{name},{self._random.choice(['1', '2.5', 'x'])}\n" for name in names]
        return names, "Ext__c,Amount__c\n" + "".join(lines)

    def _name(self):
        self._next += 1
        return f"{self._prefix}{self._next:07d}"

    def _note(self, name, success, identity=""):
        if success:
            self.notes.good[name] = identity
        else:
            self.notes.bad.add(name)

    def _job_id(self, path, body, content_type):
        """A job more does no harm: its creation is repeated."""
        reply = self._again("POST", path, body, content_type, fine=(200, 201))
        return re.search(rb"750\w{15}", reply)[0].decode()

    def _wait(self, path, pattern):
        while not (found := re.search(pattern, self._again("GET", path))):
            self._check_time()
            time.sleep(0.01)
        return found[1]

    def _once(self, method, path, body, content_type):
        """Raises Unanswered for all but a success, but repeats what surely was not done."""
        for _ in range(50):
            self._check_time()
            status, reply = self._exchange(method, path, body, content_type)
            if status in (200, 201):
                return reply
            if not self._renewed(status, reply):
                raise Unanswered
        raise Unanswered

    def _again(self, method, path, body=None, content_type=None, fine=(200,)):
        while True:
            self._check_time()
            status, reply = self._exchange(method, path, body, content_type)
            passing = b"InvalidSessionId" in reply or b"TotalRequests" in reply
            if status in fine and not passing:
                return reply
            passing = passing or status in (0, 307, 403, 502, 503)
            if not self._renewed(status, reply) and not passing:
                raise AssertionError(f"{method} {path}: {status} {reply[:500]}")

    def _renewed(self, status, reply):
        expired = status == 401 or (status == 400 and b"InvalidSessionId" in reply)
        if expired:
            self._token = ""
        return expired

    def _check_time(self):
        if time.monotonic() > self._until:
            raise TimeUp

    def _exchange(self, method, path, body=None, content_type=None):
        """(status, body); status 0 for an exchange that broke."""
        if not self._token and "/Soap/" not in path:
            self._log_in()
        headers = {"Authorization": f"Bearer {self._token}", "X-SFDC-Session": self._token}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, timeout=20)
            self._connection.request(method, path, body, {**headers, "SOAPAction": '""'})
            response = self._connection.getresponse()
            self._headers = response.headers
            reply = response.read()
            self.notes.seen[response.status] += 1
            if response.headers["Content-Encoding"] or not _whole(response, reply):
                self._close()
                return 0, b""
            return response.status, reply
        except (OSError, http.client.HTTPException):
            self.notes.seen["broken"] += 1
            self._close()
            return 0, b""

    def _log_in(self):
        while not self._token:
            self._check_time()
            body = LOGIN.format(*self._credentials)
            _, reply = self._exchange("POST", "/services/Soap/u/59.0", body, "text/xml")
            found = re.search(rb"<sessionId>([^<]+)</sessionId>", reply)
            self._token = found[1].decode() if found else ""

    def _close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _whole(response, reply):
    """An answer without length or chunks may have been cut; so may one that ends in mid-line."""
    framed = response.headers["Content-Length"] or response.headers["Transfer-Encoding"]
    return bool(framed) or response.status == 204


def _table(reply):
    return list(csv.DictReader(io.StringIO(reply.decode(), newline="")))


class Log(logging.Handler):
    """Tracebacks, and what else the emulator complains of."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        self.records.append(self.format(record))


def run(seconds, threads=16, seed=0):
    """Sums over all clients; AssertionError where the store and they disagree."""
    log = Log()
    logger = logging.getLogger("salesforce_bulk.emulator")
    logger.addHandler(log)
    gc.collect()
    before = _alive()
    try:
        with SalesforceEmulator(seed=seed) as emulator:
            emulator.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "number"})
            for fault in FAULTS:
                emulator.faults.add(fault)
            clients = _run_clients(emulator, seconds, threads, seed, log)
            kinds = Counter(kind for kind, _, _ in emulator.faults.fired)
            emulator.faults.clear()
            _check(emulator.engine.wait_idle(60), "batches are still running")
            stored = _check_store(emulator, [client.notes for client in clients])
        _check(not _more(_alive(), before), f"left behind: {_alive()} after {before}")
        _check(not log.records, "\n".join(log.records))
    finally:
        logger.removeHandler(log)
    seen = sum((client.notes.seen for client in clients), Counter())
    return {"rows stored": stored, "faults": kinds, "seen": seen}


def _run_clients(emulator, seconds, threads, seed, log):
    until = time.monotonic() + seconds
    clients = [Client(emulator, number, seed, until) for number in range(threads)]
    errors = []

    def work(client):
        try:
            client.run()
        except BaseException as error:  # noqa: BLE001 - a thread's error has to reach the run
            errors.append(error)

    running = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        log = "\n".join(log.records)
        raise AssertionError(f"{errors[0]}\n{log}") from errors[0]
    return clients


def _check(condition, message):
    if not condition:
        raise AssertionError(message)


def _check_store(emulator, notes):
    rows = list(emulator.org.query("SELECT Ext__c, Id, Amount__c FROM Load__c"))
    stored = {name: identity for name, identity, _ in rows}
    _check(len(stored) == len(rows), "rows are there twice")
    for note in notes:
        wrong = {name for name, identity in note.good.items() if stored.get(name) != identity}
        _check(not wrong, f"told good, not there: {wrong}")
        _check(not note.bad & set(stored), f"told bad, there: {note.bad & set(stored)}")
    sent = set().union(*(note.sent for note in notes))
    _check(set(stored) <= sent, f"nobody sent {set(stored) - sent}")
    counted = sum(
        batch.processed - batch.failed
        for job in emulator.engine.jobs
        if not job.is_query
        for batch in job.batches.values()
    )
    bulk = set().union(*(note.bulk for note in notes))
    single = sum(name not in bulk for name in stored)
    _check(counted + single == len(rows), f"{counted} + {single} counted, {len(rows)} stored")
    return len(rows)


def _more(now, before):
    """Whether there is more of anything; a socket of an earlier test may have been closed."""
    return any(count > earlier for count, earlier in zip(now, before, strict=True))


def _alive():
    """(threads, sockets) of this process."""
    descriptors = Path("/proc/self/fd")
    links = []
    for entry in descriptors.iterdir() if descriptors.exists() else ():
        try:
            links.append(str(entry.readlink()))
        except OSError:
            continue
    return threading.active_count(), sum(link.startswith("socket:") for link in links)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name, value in run(args.seconds, args.threads, args.seed).items():
        sys.stdout.write(f"{name}: {dict(value) if isinstance(value, Counter) else value}\n")


if __name__ == "__main__":
    main()
