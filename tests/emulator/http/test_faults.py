"""Misbehaviour on demand: each kind, seen by a client."""

import csv
import gzip
import io
import json
import re
import threading
import time
from http.client import BadStatusLine, HTTPException, RemoteDisconnected

import pytest
import requests

from salesforce_bulk.emulator import Fault, SalesforceEmulator
from salesforce_bulk.emulator.http.faults import KINDS, Faults, FaultTarget


@pytest.fixture
def query(bulk1):
    """The path of a query result of 2,000 rows, and the result."""
    bulk1.load("insert", "Account", "Name\n" + "".join(f"Account {n}\n" for n in range(2000)))
    job, batch = bulk1.load("query", "Account", "SELECT Name FROM Account")
    [identity] = bulk1.result_ids(job, batch)
    path = f"/services/async/62.0/job/{job}/batch/{batch}/result/{identity}"
    return path, bulk1.get(path).body


def get(bulk1, path, **headers):
    return requests.get(
        bulk1.emulator.url + path,
        headers={"X-SFDC-Session": bulk1.token, "Accept-Encoding": "identity", **headers},
        timeout=5,
        allow_redirects=False,
    )


@pytest.mark.parametrize(
    "kind", ["reset_before", "closed_before", "reset_after", "answer_lost", "garbage"]
)
def test_answer_that_never_comes(bulk1, kind):
    bulk1.emulator.faults.add(kind, method="POST", route="bulk1.job.create")
    with pytest.raises((ConnectionResetError, RemoteDisconnected, BadStatusLine)):
        bulk1.create_job("insert", "Account")
    executed = kind in {"reset_after", "answer_lost", "garbage"}
    assert len(bulk1.emulator.engine.jobs) == executed
    assert bulk1.create_job("insert", "Account").status == 201


def test_executed_batch_whose_answer_is_lost_is_in_the_list(bulk1):
    job = bulk1.job("insert", "Account")
    bulk1.emulator.faults.add("answer_lost", method="POST", route="bulk1.batches")
    with pytest.raises(ConnectionError):
        bulk1.post(job, "Name\nA\n")
    [batch] = re.findall("<id>(751.*?)</id>", bulk1.batches(job).text)
    assert bulk1.get(f"job/{job}/batch/{batch}/request").text == "Name\nA\n"


@pytest.mark.parametrize("kind", ["cut", "cut_sized", "reset_during"])
def test_cut_body_is_noticed(bulk1, query, kind):
    path, _ = query
    bulk1.emulator.faults.add(kind, path="*/result/*", after_bytes=1000)
    with pytest.raises(
        (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)
    ):
        get(bulk1, path)
    assert get(bulk1, path).content == query[1]


def test_body_cut_without_its_length_looks_whole(bulk1, query):
    path, body = query
    bulk1.emulator.faults.add("cut_unsized", path="*/result/*", after_bytes=1000)
    answer = get(bulk1, path)
    assert answer.content == body[:1000]
    assert not {"Content-Length", "Transfer-Encoding"} & set(answer.headers)


def test_cut_strikes_the_compressed_body_too(bulk1, query):
    path, _ = query
    bulk1.emulator.faults.add("cut_unsized", after_bytes=1000, times=0)
    with pytest.raises(EOFError):
        gzip.decompress(
            requests.get(
                bulk1.emulator.url + path,
                headers={"X-SFDC-Session": bulk1.token, "Accept-Encoding": "gzip"},
                timeout=5,
                stream=True,
            ).raw.read()
        )


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_corrupt_gzip_does_not_decompress(bulk1, query, accepted):
    path, _ = query
    bulk1.emulator.faults.add("corrupt_gzip")
    with pytest.raises(requests.exceptions.ContentDecodingError):
        get(bulk1, path, **{"Accept-Encoding": accepted})


def test_nul_bytes_come_inside_values(bulk1, query):
    path, body = query
    bulk1.emulator.faults.add("nul_bytes", times=0)
    for accepted in ("identity", "gzip"):
        content = get(bulk1, path, **{"Accept-Encoding": accepted}).content
        assert b'"A\0ccount 7"' in content
        assert content.replace(b"\0", b"") == body


def test_stalled_body_is_silent_and_then_goes_on(bulk1, query):
    path, body = query
    bulk1.emulator.faults.add("stall", after_bytes=100, seconds=0.3)
    started = time.monotonic()
    assert get(bulk1, path).content == body
    assert time.monotonic() - started >= 0.3


def test_slow_answer_runs_into_the_clients_timeout(bulk1, query):
    bulk1.emulator.faults.add("slow_answer", seconds=30)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(bulk1.emulator.url + query[0], timeout=0.1)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("retry_after", [None, "2"])
def test_page_of_a_proxy(bulk1, status, retry_after):
    bulk1.emulator.faults.add("html_error", status=status, retry_after=retry_after)
    answer = bulk1.create_job("insert", "Account")
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/html;charset=UTF-8"
    assert answer.headers["Retry-After"] == retry_after
    assert answer.text.startswith("<!DOCTYPE html>")
    assert bulk1.emulator.engine.jobs == []


def test_page_of_a_proxy_after_the_request_was_executed(bulk1):
    bulk1.emulator.faults.add("html_error_after", status=502)
    assert bulk1.create_job("insert", "Account").status == 502
    assert len(bulk1.emulator.engine.jobs) == 1


def test_redirect_to_another_host(bulk1):
    bulk1.emulator.faults.add("redirect", location="http://127.0.0.1:9/elsewhere")
    answer = bulk1.create_job("insert", "Account")
    assert (answer.status, answer.headers["Location"]) == (307, "http://127.0.0.1:9/elsewhere")


def test_session_expires_at_the_nth_call_and_stays_dead(bulk1):
    bulk1.emulator.faults.add("session_expired", nth=3)
    job = bulk1.job("insert", "Account")
    assert bulk1.info(job).status == 200
    for _ in range(2):
        assert bulk1.info(job).error == (400, "InvalidSessionId", "Invalid session id")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("api_error", (503, "InternalServerError", "An unexpected error occurred")),
        ("quota_used_up", (400, "ExceededQuota", "ApiBatchItems Limit exceeded.")),
        ("results_expired", (400, "InvalidJob", "Unable to find job")),
    ],
)
@pytest.mark.parametrize("form", ["application/json", "application/xml"])
def test_error_of_the_api_itself(bulk1, kind, error, form):
    bulk1.emulator.faults.add(kind)
    assert bulk1.get("job/750000000000000", form).error == error


def test_error_of_the_api_has_the_code_that_was_asked_for(bulk1):
    bulk1.emulator.faults.add(
        "api_error", status=400, code="REQUEST_LIMIT_EXCEEDED", message="no", retry_after="9"
    )
    answer = bulk1.create_job("insert", "Account")
    assert answer.error == (400, "REQUEST_LIMIT_EXCEEDED", "no")
    assert answer.headers["Retry-After"] == "9"


def test_answer_of_another_type(bulk1):
    bulk1.emulator.faults.add("wrong_type", message="text/html")
    assert bulk1.create_job("insert", "Account").headers["Content-Type"] == "text/html"


# Batches


def load(bulk1, count=10, content_type="CSV", headers=()):
    names = [f"Account {n}" for n in range(count)]
    body = {
        "CSV": "Name\n" + "\n".join(names) + "\n",
        "JSON": json.dumps([{"Name": name} for name in names]),
    }[content_type]
    return bulk1.load("insert", "Account", body, content_type, headers=headers)


def flags(bulk1, job, batch):
    answer = bulk1.results(job, batch)
    if answer.headers["Content-Type"] == "application/json":
        return [row["success"] for row in answer.json]
    return [row[1] == "true" for row in csv.reader(io.StringIO(answer.text))][1:]


@pytest.mark.parametrize("content_type", ["CSV", "JSON"])
def test_requeued_load_goes_on_where_it_stopped(bulk1, content_type):
    bulk1.emulator.faults.add("requeue", after_rows=4)
    bulk1.emulator.faults.add("requeue", after_rows=7)
    job, batch = load(bulk1, 10, content_type)
    status = bulk1.status(job, batch)
    assert status.value("state") == "Completed"
    assert str(status.value("numberRecordsProcessed")) == "10"
    assert str(bulk1.info(job).value("numberRetries")) == "2"
    assert flags(bulk1, job, batch) == [True] * 10
    assert bulk1.emulator.org.count("Account") == 10


def test_load_is_requeued_ten_times_and_no_more(bulk1):
    bulk1.emulator.faults.add("requeue", after_rows=4, times=0)
    job, batch = load(bulk1)
    assert bulk1.status(job, batch).value("stateMessage") == (
        "InvalidBatch : Retried more than ten times"
    )
    assert flags(bulk1, job, batch) == [True] * 4


def test_requeues_may_be_switched_off(bulk1):
    bulk1.emulator.faults.add("requeue", after_rows=4)
    job, batch = load(bulk1, headers={"Sforce-Disable-Batch-Retry": "true"})
    assert bulk1.status(job, batch).value("state") == "Failed"
    assert bulk1.info(job).value("numberRetries") == "0"


def test_requeued_query_has_a_result_file_for_each_part(bulk1):
    load(bulk1)
    bulk1.emulator.faults.add("requeue", operation="query", after_rows=6)
    bodies = bulk1.query("Account", "SELECT Name FROM Account")
    names = [[row[0] for row in csv.reader(io.StringIO(body.decode()))][1:] for body in bodies]
    assert [len(part) for part in names] == [6, 4]
    assert [name for part in names for name in part] == [f"Account {n}" for n in range(10)]


def test_too_many_lock_failures_fail_the_batch_and_keep_what_was_done(bulk1):
    bulk1.emulator.faults.add("lock_failures", object="Account", after_rows=3)
    job, batch = load(bulk1)
    status = bulk1.status(job, batch)
    assert status.value("state") == "Failed"
    assert status.value("stateMessage").startswith("TooManyLockFailure : ")
    assert status.value("numberRecordsProcessed") == "3"
    assert flags(bulk1, job, batch) == [True] * 3


def test_batch_fails_with_the_message_that_was_asked_for(bulk1):
    bulk1.emulator.faults.add("batch_failed", code="Timeout", message="too slow")
    job, batch = load(bulk1)
    assert bulk1.status(job, batch).value("stateMessage") == "Timeout : too slow"
    assert bulk1.results(job, batch).status == 400


def test_some_rows_fail_and_are_not_written(bulk1):
    bulk1.emulator.faults.add("row_errors", after_rows=2, rows=3)
    job, batch = load(bulk1)
    assert flags(bulk1, job, batch) == [True] * 2 + [False] * 3 + [True] * 5
    assert "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access" in bulk1.results(job, batch).text
    assert bulk1.emulator.org.count("Account") == 7


def test_slow_batch_takes_its_time_on_the_orgs_clock(bulk1, clock):
    bulk1.emulator.faults.add("slow_batch", seconds=90)
    job, batch = load(bulk1)
    assert bulk1.status(job, batch).value("totalProcessingTime") == "90000"


def test_late_chunks_come_one_after_the_other(bulk1):
    load(bulk1, 25)
    bulk1.emulator.faults.add("late_chunks", operation="query")
    bulk1.emulator.engine.pause()
    job = bulk1.job("query", "Account", headers={"Sforce-Enable-PKChunking": "chunkSize=10"})
    bulk1.batch(job, "SELECT Name FROM Account")
    listed = []
    for _ in range(5):
        bulk1.emulator.engine.run_pending(1)
        listed.append(bulk1.batches(job).text.count("<batchInfo>"))
    assert listed == [2, 3, 4, 4, 4]
    assert bulk1.info(job).value("numberRecordsProcessed") == "25"


# Rules


def test_rule_strikes_from_its_nth_occasion_so_many_times():
    faults = Faults()
    faults.add("cut", nth=3, times=2)
    struck = [faults.take("after", FaultTarget(method="GET")) is not None for _ in range(6)]
    assert struck == [False, False, True, True, False, False]
    assert faults.fired == [("cut", "GET", "")] * 2


def test_rule_strikes_only_what_it_names():
    faults = Faults()
    faults.add("cut", method="GET", path="*/result/*", route="bulk1.*", job="750*", times=0)
    hit = FaultTarget("GET", "/x/result/752", "bulk1.result", "7501")
    assert faults.take("after", hit)
    assert not faults.take("before", hit)
    for other in (
        FaultTarget("POST", "/x/result/752", "bulk1.result", "7501"),
        FaultTarget("GET", "/x/result", "bulk1.result", "7501"),
        FaultTarget("GET", "/x/result/752", "soap", "7501"),
        FaultTarget("GET", "/x/result/752", "bulk1.result", ""),
    ):
        assert not faults.take("after", other)


def test_chance_is_the_seeds():
    def strikes(seed):
        faults = Faults(seed)
        faults.add("cut", probability=0.5, times=0)
        return [faults.take("after", FaultTarget()) is not None for _ in range(64)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 10 < sum(strikes(1)) < 54


def test_cleared_rules_strike_no_more(bulk1):
    bulk1.emulator.faults.add("html_error", times=0)
    bulk1.emulator.faults.clear()
    assert bulk1.create_job("insert", "Account").status == 201
    assert bulk1.emulator.faults.fired == []


def test_rules_may_come_from_a_script():
    assert Fault.from_mapping({"kind": "cut", "after_bytes": 5}) == Fault("cut", after_bytes=5)
    for wrong in ({"kind": "cut", "what": 1}, {"path": "*"}, {"kind": "nothing"}):
        with pytest.raises(ValueError, match=r"fault|not a"):
            Fault.from_mapping(wrong)


def test_every_kind_has_a_stage_that_is_asked():
    assert {kind.stage for kind in KINDS.values()} <= {
        "before",
        "admit",
        "session",
        "after",
        "batch",
    }
    for name, kind in KINDS.items():
        assert (kind.act is not None) is (kind.stage in {"before", "after"}), name


def test_random_faults_under_16_threads_leave_every_answered_row_in_the_store(connect):
    """Rows of a batch that was answered are there once; of an unanswered one at most once."""
    kinds = ["reset_before", "reset_after", "answer_lost", "html_error", "cut", "slow_answer"]
    with SalesforceEmulator(seed=3) as emulator:
        for kind in kinds:
            emulator.faults.add(
                kind, probability=0.05, times=0, route="bulk1.batches", method="POST", seconds=0.01
            )
        bulk1 = connect(emulator)
        job = bulk1.job("insert", "Account")
        sure, unsure, lock = set(), set(), threading.Lock()

        def post(number):
            for round_ in range(12):
                names = {f"{number}-{round_}-{row}" for row in range(5)}
                try:
                    done = bulk1.post(job, "Name\n" + "\n".join(names) + "\n").status == 201
                except (OSError, HTTPException):
                    done = False
                with lock:
                    (sure if done else unsure).update(names)

        threads = [threading.Thread(target=post, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert emulator.engine.wait_idle()
        emulator.faults.clear()
        rows = emulator.org.store.read().execute('SELECT "Name" FROM "Account"').fetchall()
        names = [name for (name,) in rows]
    assert len(names) == len(set(names))
    assert sure <= set(names) <= sure | unsure
    assert unsure


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"nth": 0}, "nth of a fault has to be a number from 1, not 0"),
        ({"nth": "2"}, "nth of a fault has to be a number from 1, not '2'"),
        ({"times": -1}, "times of a fault has to be a number from 0, not -1"),
        ({"probability": 2}, "probability of a fault has to be a number from 0 to 1, not 2"),
        ({"status": "503"}, "status of a fault has to be a number from 100 to 599, not '503'"),
        ({"status": True}, "status of a fault has to be a number from 100 to 599, not True"),
        ({"seconds": float("nan")}, "seconds of a fault has to be a number from 0, not nan"),
        ({"route": 3}, "route of a fault has to be a text, not 3"),
        ({"retry_after": 1}, "retry_after of a fault has to be a text, not 1"),
        ({"route": "bulk1.resutl"}, "no route 'bulk1.resutl'; do you mean bulk1.result"),
        ({"route": "nothing.at.all"}, "no route 'nothing.at.all'; "),
    ],
)
def test_a_fault_that_could_never_strike_is_refused(details, words):
    with SalesforceEmulator(inline=True) as org:
        with pytest.raises(ValueError, match=re.escape(words)):
            org.faults.add("html_error", **details)
        org.reset()
        with pytest.raises(ValueError, match=re.escape(words)):
            org.faults.add("html_error", **details)
        assert org.faults.rules == []
