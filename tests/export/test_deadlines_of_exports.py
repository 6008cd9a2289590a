"""`timeout=` ends every reading of an export whatever the org does, and the handle reads again."""

import io
import itertools
import time
from contextlib import contextmanager

import pytest
from canned_org import CannedOrg, page
from fast_clock import FastClock
from raw_server import SESSION, STALL, RawServer
from silent_proxy import SilentProxy

from salesforce_bulk import InvalidInput, JobStillRunning, RequestTimeout, SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.clock import ManualClock

NAMES = [f"Row {number:02}" for number in range(40)]
SOQL = "SELECT Id, Name FROM Account"
#: Seconds that a test gives a reading; a silent server ends it then, and nothing before.
SHORT = 0.15
ENOUGH = 60
APIS = ["1.0", "2.0"]


@contextmanager
def below(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture(scope="module")
def org():
    with SalesforceEmulator(inline=True, clock=ManualClock()) as org:
        org.connect().insert("Account", [{"Name": name} for name in NAMES])
        yield org


def in_memory(export):
    target = io.BytesIO()
    export.to_csv(target)
    return target.getvalue()


READINGS = {
    "rows": lambda export: "".join(row["Name"] for row in export).encode(),
    "iter_csv": lambda export: b"".join(export.iter_csv()),
    "to_csv": in_memory,
    "arrow": lambda export: "".join(export.to_arrow()["Name"].to_pylist()).encode(),
    "wait": lambda export: "".join(row["Name"] for row in export.wait()).encode(),
}


@pytest.mark.parametrize(
    ("reading", "how", "parallel"),
    [
        *((reading, "silent", 1) for reading in ("to_csv", "arrow", "wait")),
        ("rows", "the answer is lost", 1),
        ("iter_csv", "the answer drips", 3),
    ],
)
@pytest.mark.parametrize("api", APIS)
def test_the_handle_reads_again_wherever_the_org_fell_silent(org, api, reading, how, parallel):
    """At each request of an export: the reading ends in its time, and the next one is whole."""
    read, kinds = READINGS[reading], set()
    chosen = {"api": api, "parallel": parallel} | ({"max_records": 15} if api == "2.0" else {})
    for at in itertools.count(1):
        assert at < ENOUGH
        with SilentProxy(org, at, how) as proxy:
            bulk, error, text = proxy.connect(clock=FastClock()), None, None
            with below(15):
                try:
                    export = bulk.export(SOQL, timeout=SHORT, **chosen)
                    text = read(export)
                except (JobStillRunning, RequestTimeout) as caught:
                    error = caught
            proxy.speak()
            kinds.add(type(error))
            if error is None:
                break
            if isinstance(error, JobStillRunning):
                assert error.handle is export
                assert f"bulk.attach({error.job_id!r})" in str(error)
                text = in_time(read, error.handle)
            else:
                assert not error.may_have_arrived
                text = in_time(read, bulk.export(SOQL, timeout=60, **chosen))
        assert all(text.count(name.encode()) == 1 for name in NAMES)
    assert kinds == {JobStillRunning, RequestTimeout, type(None)}


def in_time(read, export):
    """What a reading gives at last; the machine may be too busy for a first one."""
    for _ in range(20):
        try:
            return read(export)
        except JobStillRunning:
            continue
    return read(export)


@pytest.mark.parametrize("api", APIS)
def test_an_org_that_is_busy_for_ever_ends_a_reading(org, api):
    """Repeats and pauses count; by a clock whose pauses take no time."""
    clock = FastClock()
    with SilentProxy(org, how="busy") as proxy:
        export = proxy.connect(clock=clock).export(SOQL, api=api, timeout=20).wait()
        proxy.fall_silent_at(1)
        began = clock.now
        with pytest.raises(JobStillRunning):
            list(export)
        assert clock.now - began == pytest.approx(20)


@pytest.mark.parametrize("api", APIS)
def test_a_file_with_a_journal_goes_on_behind_the_deadline(org, tmp_path, api):
    """The same call, as after a crash; nothing is put in place before."""
    for at in itertools.count(1):
        assert at < ENOUGH
        path, journal = tmp_path / f"{at}.csv", tmp_path / f"{at}.journal"
        with SilentProxy(org, at) as proxy:
            ended = True
            try:
                bulk = proxy.connect(clock=FastClock())
                bulk.export(SOQL, api=api, journal=journal, timeout=SHORT).to_csv(path)
            except (JobStillRunning, RequestTimeout) as error:
                ended = False
                told = str(error)
            proxy.speak()
            if not ended:
                assert not path.exists()
                assert "journal" in told or "before the query" in told
                again = proxy.connect(clock=FastClock())
                assert again.export(SOQL, api=api, journal=journal).to_csv(path) == len(NAMES)
        assert sum(name in path.read_text() for name in NAMES) == len(NAMES)
        if ended:
            break


@pytest.mark.parametrize("api", APIS)
def test_a_silent_org_ends_an_export_by_the_clock_on_the_wall(api):
    """With the client's own timeouts and repeats."""
    with RawServer(answer=[STALL]) as server, below(12):
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url)
        with pytest.raises(RequestTimeout, match="before the query was checked"):
            bulk.export(SOQL, api=api, timeout=1).to_arrow()


def test_wait_has_a_time_of_its_own(org):
    """Shorter than the export's, or longer."""
    with SilentProxy(org) as proxy:
        export = proxy.connect(clock=FastClock()).export(SOQL, timeout=600).submit()
        proxy.fall_silent_at(1)
        with below(10), pytest.raises(JobStillRunning):
            export.wait(timeout=SHORT)
        proxy.speak()
        assert len(export.wait()) == len(NAMES)


@pytest.mark.parametrize("call", ["is_done", "job", "expires", "columns"])
def test_each_question_of_a_handle_has_the_deadline(org, call):
    """Properties ask the org as well."""
    with SilentProxy(org) as proxy:
        bulk = proxy.connect(clock=FastClock())
        export = bulk.export(SOQL, api="1.0", timeout=SHORT).submit()
        if call == "columns":
            export._columns = None  # as of a job that another process made
        proxy.fall_silent_at(1)
        with below(10), pytest.raises(JobStillRunning):
            getattr(export, call)


def test_the_time_of_a_reader_does_not_count():
    """Who takes rows slowly, or stops for an hour, has not waited for the org."""
    pages = {None: page([("1", "a")], "p2"), "p2": page([("2", "b")])}
    clock = FastClock()
    with CannedOrg(pages, 2) as canned:
        bulk = SalesforceBulk(sessionId=SESSION, host=canned.host, clock=clock)
        for read in (iter, lambda export: export.iter_csv(), lambda export: export.arrow_batches()):
            count = 0
            for _ in read(bulk.export("SELECT Id, Name FROM Thing", timeout=30)):
                clock.now += 3_600
                count += 1
            assert count >= 2


def test_a_reading_that_is_left_early_lets_go_of_its_pages():
    """The iterator closes what it reads, under a deadline as without."""
    pages = {None: page([("1", "a")], "p2"), "p2": page([("2", "b")])}
    with CannedOrg(pages, 2) as canned:
        bulk = SalesforceBulk(sessionId=SESSION, host=canned.host, clock=FastClock())
        for timeout in (None, 30):
            pieces = bulk.export("SELECT Id, Name FROM Thing", timeout=timeout).iter_csv()
            next(pieces)
            pieces.close()
        assert sum("/results" in asked for asked in canned.asked) < 4


def test_progress_says_that_the_job_still_runs(org):
    """The last event tells how it ended."""
    told = []
    with SilentProxy(org) as proxy:
        bulk = proxy.connect(clock=FastClock())
        export = bulk.export(SOQL, timeout=SHORT, progress=told.append).submit()
        proxy.fall_silent_at(1)
        with pytest.raises(JobStillRunning):
            list(export)
    assert told[-1].outcome == "still running"


@pytest.mark.parametrize("wrong", ["3", -1, float("nan")])
def test_a_timeout_that_is_no_number_is_refused(org, wrong):
    """Before anything is asked of the org."""
    with SilentProxy(org) as proxy, pytest.raises(InvalidInput, match="timeout is a number"):
        proxy.connect().export(SOQL, timeout=wrong)
    assert proxy.asked == 0
