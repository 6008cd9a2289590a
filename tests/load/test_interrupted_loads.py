"""A load that ends early says what is in the org and how to go on; nothing of it is lost."""

import codecs
import errno
import logging
import sys
import tempfile

import pytest
import requests
from full_disk import files_no_larger_than
from requests.adapters import HTTPAdapter

from salesforce_bulk import StorageError
from salesforce_bulk.client_access import org_of

ROWS = [{"Name": f"Row {number}", "NumberOfEmployees": number} for number in range(40)]
OPTIONS = {"batch_size": 10, "parallel": 1}


class InterruptedSession(HTTPAdapter):
    """Ctrl-C while a request of this kind is answered."""

    def __init__(self, method, ending, nth):
        super().__init__()
        self.kind = method, ending
        self.left = nth

    def send(self, request, **options):
        answer = super().send(request, **options)
        if (request.method, request.url.rpartition("/")[2]) == self.kind:
            self.left -= 1
            if self.left == 0:
                answer.close()
                raise KeyboardInterrupt
        return answer


def notes_of(error, caplog):
    notes = getattr(error, "__notes__", [])
    if sys.version_info < (3, 11):  # whose tracebacks show none
        assert [caplog.text.count(note) for note in notes] == [1] * len(notes)
    return "\n".join(notes)


@pytest.mark.parametrize(
    ("api", "moment"),
    [
        ("1.0", ("POST", "batch", 3)),
        ("1.0", ("GET", "batch", 1)),
        ("1.0", ("GET", "result", 2)),
        ("2.0", ("PUT", "batches", 3)),
        ("2.0", ("GET", "successfulResults", 1)),
    ],
)
@pytest.mark.parametrize("verb", ["insert", "submit_insert"])
def test_ctrl_c_after_rows_were_sent_names_the_jobs(org, clock, caplog, api, moment, verb):
    session = requests.Session()
    bulk = org.connect(session=session, clock=clock)
    session.mount("http://", InterruptedSession(*moment))

    def load():
        made = getattr(bulk, verb)("Account", ROWS, api=api, **OPTIONS)
        return made.result()

    with session, pytest.raises(KeyboardInterrupt) as caught:
        load()
    told = notes_of(caught.value, caplog)
    assert "Do not load" in told
    jobs = [one.id for one in org_of(org.connect()).v2.ingest_jobs()]
    assert [one for one in jobs if f"bulk.attach('{one}')" in told] == jobs


def test_before_anything_was_sent_there_is_no_note(org, clock):
    session = requests.Session()
    bulk = org.connect(session=session, clock=clock)
    session.mount("http://", InterruptedSession("GET", "describe", 1))
    with session, pytest.raises(KeyboardInterrupt) as caught:
        bulk.insert("Account", ROWS, **OPTIONS)
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_callback_that_raises_ends_no_load_unless_it_is_ctrl_c(org, bulk, caplog, error):
    raised = []

    def broken(event):
        if event.phase == "processing" and not raised:
            raised.append(event)
            raise error

    if error is ZeroDivisionError:
        assert bulk.insert("Account", ROWS, progress=broken, **OPTIONS).succeeded == 40
        assert caplog.text.count("progress= raised an error") == 1
        return
    with pytest.raises(error) as caught:
        bulk.insert("Account", ROWS, progress=broken, **OPTIONS)
    assert "bulk.attach('750" in notes_of(caught.value, caplog)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("submitted", [False, True])
def test_ctrl_c_in_the_callback_that_tells_of_the_end_names_the_jobs(bulk, caplog, api, submitted):
    """Trap: all rows were in the org and their results read, and the exception was bare."""

    def pressed(event):
        if event.outcome in ("finished", "submitted"):
            raise KeyboardInterrupt

    verb = bulk.submit_insert if submitted else bulk.insert
    with pytest.raises(KeyboardInterrupt) as caught:
        verb("Account", ROWS, api=api, progress=pressed)
    assert "bulk.attach('750" in notes_of(caught.value, caplog)


def test_ctrl_c_in_a_retry_names_its_jobs(org, clock, caplog):
    org.faults.add("row_errors", rows=40, code="UNABLE_TO_LOCK_ROW", times=1)
    session = requests.Session()
    bulk = org.connect(session=session, clock=clock)
    result = bulk.insert("Account", ROWS, on_error="report")
    session.mount("http://", InterruptedSession("POST", "batch", 1))
    with session, pytest.raises(KeyboardInterrupt) as caught:
        result.retry()
    told = notes_of(caught.value, caplog)
    assert "Do not load" in told
    assert f"bulk.attach('{result.job_id}')" not in told


def test_an_adapter_that_fails_when_the_request_is_out_leaves_it_in_doubt(org, bulk, stored):
    """Trap: a cache whose disk is full ended in InvalidInput, which says that nothing was sent."""

    class FullCache(HTTPAdapter):
        def send(self, request, **options):
            answer = super().send(request, **options)
            if request.url.endswith("/batch") and request.method == "POST":
                answer.content  # noqa: B018 - as a cache reads it
                raise OSError(errno.ENOSPC, "No space left on device")
            return answer

    session = requests.Session()
    session.mount("http://", FullCache())
    with session:
        result = org.connect(session=session).insert("Account", ROWS)
    assert (result.succeeded, len(stored("SELECT Id FROM Account"))) == (40, 40)


def test_a_full_disk_before_sending_names_the_folder(org, bulk):
    rows = [{"Name": "x" * 200, "Site": "y" * 80} for _ in range(8_000)]
    with files_no_larger_than(500_000), pytest.raises(StorageError, match="TMPDIR") as caught:
        bulk.insert("Account", rows)
    assert tempfile.gettempdir() in str(caught.value)
    assert not any(one.method == "POST" for one in org.requests if "/job" in one.path)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_full_disk_when_results_come_names_the_jobs(bulk, monkeypatch, stored, api):
    """The rows are in the org: who loads them again has them twice."""
    job = bulk.submit_insert("Account", ROWS, api=api, **OPTIONS)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile.SpooledTemporaryFile, "write", full)
        with pytest.raises(StorageError, match=r"Do not load the rows again.*attach") as caught:
            job.result()
    assert all(one in str(caught.value) for one in job.job_ids)
    assert "call again" not in str(caught.value)
    assert job.result().succeeded == 40  # the handle goes on
    assert len(stored("SELECT Id FROM Account")) == 40


def test_a_journal_that_has_ended_says_so(bulk, tmp_path, caplog):
    """Next night's job must not report success for rows that it did not send."""
    options = {"journal": tmp_path / "journal", **OPTIONS}
    first = bulk.insert("Account", ROWS, **options)
    assert first.journal_ended is None
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    for _ in range(2):
        caplog.clear()
        again = bulk.insert("Account", ROWS, **options)
        (warning,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert again.journal_ended is not None
        assert again.journal_ended.isoformat() in warning.getMessage()
        assert "Nothing was sent" in warning.getMessage()
    assert bulk.resume(tmp_path / "journal", ROWS).journal_ended == again.journal_ended


# Result files of 2.0


@pytest.fixture
def v2_job(bulk):
    return bulk.submit_insert("Account", ROWS[:10], api="2.0")


def change_files(monkeypatch, bulk, kind, change):
    v2 = org_of(bulk).v2
    results = v2.ingest_results

    def changed(job_id, wanted):
        body = b"".join(results(job_id, wanted))
        return iter([change(body) if wanted == kind else body])

    monkeypatch.setattr(v2, "ingest_results", changed)


def test_a_byte_order_mark_before_a_result_file_changes_nothing(bulk, v2_job, monkeypatch):
    change_files(monkeypatch, bulk, "successfulResults", lambda body: b"\xef\xbb\xbf" + body)
    assert v2_job.result().succeeded == 10


def test_a_byte_order_mark_before_results_of_1_0_changes_nothing(bulk, monkeypatch):
    v1 = org_of(bulk).v1
    result_body = v1.result_body
    monkeypatch.setattr(v1, "result_body", lambda *ref: codecs.BOM_UTF8 + result_body(*ref))
    assert bulk.insert("Account", [{"Name": "a"}, {"Name": "b"}]).succeeded == 2


def test_a_result_file_that_cannot_be_read_is_told_as_such(bulk, v2_job, monkeypatch):
    page = b"<html><body>Sign in</body></html>"
    change_files(monkeypatch, bulk, "successfulResults", lambda body: page)
    result = v2_job.result()
    assert result.unknown == 10
    error = next(iter(result)).error
    assert error.code == "ResultsUnreadable"
    assert "successfulResults" in error.message


def change_job(monkeypatch, bulk, **fields):
    v2 = org_of(bulk).v2
    ingest_job = v2.ingest_job

    def changed(job_id):
        job = ingest_job(job_id)
        for name, value in fields.items():
            object.__setattr__(job, name, value)
        return job

    monkeypatch.setattr(v2, "ingest_job", changed)


def test_a_failed_job_without_counts_is_read_all_the_same(bulk, v2_job, monkeypatch):
    change_job(monkeypatch, bulk, state="Failed", rows_processed=None, error_message="Why : it")
    assert v2_job.result().succeeded == 10


def test_a_failed_jobs_reason_is_told_of_rows_that_no_file_has(bulk, v2_job, monkeypatch):
    def three_lines(body):
        return b"".join(body.splitlines(keepends=True)[:4])

    change_job(monkeypatch, bulk, state="Failed", error_message="InternalServerError : broke down")
    change_files(monkeypatch, bulk, "successfulResults", three_lines)
    result = v2_job.result()
    assert (result.succeeded, result.unknown) == (3, 7)
    assert all("broke down" in row.error.message for row in result.unknown)


@pytest.mark.parametrize("attached", [False, True])
def test_a_state_that_is_not_known_is_told_once(bulk, v2_job, monkeypatch, caplog, attached):
    v2 = org_of(bulk).v2
    job = bulk.attach(v2_job.job_id) if attached else v2_job
    states = iter(["Paused"] * 5)
    ingest_job = v2.ingest_job

    def paused(job_id):
        found = ingest_job(job_id)
        object.__setattr__(found, "state", next(states, found.state))
        return found

    monkeypatch.setattr(v2, "ingest_job", paused)
    assert job.result().succeeded == 10
    assert caplog.text.count("'Paused'") == 1


def test_a_batch_in_an_unknown_state_is_told_once(bulk, monkeypatch, caplog):
    job = bulk.submit_insert("Account", ROWS[:10])
    v1 = org_of(bulk).v1
    batches = v1.batches
    states = iter(["Paused"] * 4)

    def paused(job_id):
        return [{**info, "state": next(states, info["state"])} for info in batches(job_id)]

    monkeypatch.setattr(v1, "batches", paused)
    assert job.result().succeeded == 10
    assert caplog.text.count("'Paused'") == 1
