"""The job engine by itself: when batches run, and what stop leaves behind."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.clock import ManualClock, SystemClock
from salesforce_bulk.emulator.jobs.engine import (
    BATCH_MOVES,
    BatchError,
    JobEngine,
    JobError,
    Requeue,
)
from salesforce_bulk.emulator.schema.ids import IdFactory

USER = SimpleNamespace(id="005000000000001AAA")


class Engine:
    """An engine whose batches do what the test says."""

    def __init__(self, directory, work=lambda batch: None, **options):
        self.started, self.lock = [], threading.Lock()
        self.work = work

        def run(batch, _engine):
            with self.lock:
                self.started.append(batch)
            return self.work(batch) or bulk_states.COMPLETED

        options.setdefault("clock", ManualClock())
        clock = options.pop("clock")
        self.engine = JobEngine(clock, IdFactory(), directory, run, **options)

    def job(self, **attributes):
        job = self.engine.create_job("insert", "Account", "CSV", "62.0", USER)
        for name, value in attributes.items():
            setattr(job, name, value)
        return job

    def batch(self, job, submit=True):
        request = self.engine.spool_file(job)
        request.write_bytes(b"Name\nA\n")
        batch = self.engine.add_batch(job, request)
        if submit:
            self.engine.submit(batch)
        return batch


@pytest.fixture
def make(tmp_path):
    made = []

    def make(work=lambda batch: None, **options):
        made.append(Engine(tmp_path, work, **options))
        return made[-1]

    yield make
    for one in made:
        one.engine.stop()


def test_inline_batch_has_run_when_submit_returns(make):
    one = make(inline=True)
    before = set(threading.enumerate())
    assert one.batch(one.job()).state == bulk_states.COMPLETED
    assert set(threading.enumerate()) <= before


def test_paused_batches_wait_and_then_run_in_their_order(make):
    one = make(inline=True)
    one.engine.pause()
    job = one.job()
    batches = [one.batch(job) for _ in range(3)]
    assert {batch.state for batch in batches} == {bulk_states.QUEUED}
    assert one.engine.run_pending(1) == 1
    one.engine.resume()
    assert one.started == batches


def test_workers_run_batches_side_by_side(make):
    together = threading.Barrier(2, timeout=5)
    one = make(lambda batch: together.wait() and None, workers=2)
    batches = [one.batch(one.job()) for _ in range(2)]
    assert one.engine.wait_idle(10)
    assert {batch.state for batch in batches} == {bulk_states.COMPLETED}


def test_serial_batches_run_one_at_a_time_among_all_jobs(make):
    running, most, lock = set(), [0], threading.Lock()
    parallel_ran = threading.Event()

    def work(batch):
        if batch.job.concurrency == "Parallel":
            parallel_ran.set()
            return
        with lock:
            running.add(batch)
            most[0] = max(most[0], len(running))
        parallel_ran.wait(5)
        with lock:
            running.discard(batch)

    one = make(work, workers=4)
    one.engine.pause()
    for _ in range(2):
        job = one.job(concurrency="Serial")
        one.batch(job), one.batch(job)
    one.batch(one.job())
    one.engine.resume()
    assert one.engine.wait_idle(10)
    assert most == [1]
    assert parallel_ran.is_set()


def test_failed_batch_keeps_its_message_and_the_next_one_runs(make):
    def work(batch):
        if len(one.started) == 1:
            raise BatchError("InvalidBatch", "Field name not found : X")

    one = make(work, inline=True)
    job = one.job()
    first, second = one.batch(job), one.batch(job)
    assert (first.state, first.message) == ("Failed", "InvalidBatch : Field name not found : X")
    assert second.state == "Completed"


def test_defect_ends_the_batch_and_not_the_worker(make, caplog):
    def work(batch):
        if len(one.started) == 1:
            raise ZeroDivisionError

    one = make(work, workers=1)
    job = one.job()
    first, second = one.batch(job), one.batch(job)
    assert one.engine.wait_idle(10)
    assert first.message.startswith("InternalServerError : ")
    assert second.state == "Completed"
    assert "ZeroDivisionError" in caplog.text


def test_requeued_batch_runs_again_behind_the_others(make):
    def work(batch):
        if batch is one.started[0] and not batch.retries:
            raise Requeue

    one = make(work, inline=True)
    one.engine.pause()
    job = one.job()
    first, second = one.batch(job), one.batch(job)
    one.engine.resume()
    assert one.started == [first, second, first]
    assert (first.state, first.retries) == ("Completed", 1)


def test_processing_time_is_the_clocks(make):
    clock = ManualClock()
    one = make(lambda batch: clock.advance(1.5), clock=clock, inline=True)
    batch = one.batch(one.job())
    assert (batch.total_ms, batch.active_ms) == (1500, 1500)


def test_moves_end_in_terminal_states():
    for state, moves in BATCH_MOVES.items():
        assert (not moves) is (state in bulk_states.BATCH_TERMINAL_STATES)
        assert moves <= set(BATCH_MOVES)


def test_abort_waits_for_nobody(make):
    entered, finish = threading.Event(), threading.Event()

    def work(batch):
        entered.set()
        finish.wait(5)

    one = make(work, workers=1)
    job = one.job()
    first, second = one.batch(job), one.batch(job)
    assert entered.wait(5)
    one.engine.abort(job)
    assert (first.state, second.state) == ("InProgress", "NotProcessed")
    finish.set()
    assert one.engine.wait_idle(10)
    assert (first.state, job.state) == ("Completed", "Aborted")


def test_running_jobs_are_not_purged(make):
    clock = ManualClock()
    entered, finish = threading.Event(), threading.Event()

    def work(batch):
        entered.set()
        finish.wait(5)

    one = make(work, workers=1, clock=clock)
    job = one.job()
    one.batch(job)
    assert entered.wait(5)
    clock.advance(timedelta(days=8).total_seconds())
    assert one.engine.jobs == [job]
    finish.set()
    assert one.engine.wait_idle(10)
    assert one.engine.jobs == []


def test_queued_batches_of_a_purged_job_never_run(make):
    clock = ManualClock()
    one = make(inline=True, clock=clock)
    one.engine.pause()
    one.batch(one.job())
    clock.advance(timedelta(days=8).total_seconds())
    assert one.engine.jobs == []
    one.engine.resume()
    assert one.started == []


def test_stop_ends_the_workers_and_cuts_waiting_short(make):
    entered = threading.Event()

    def work(batch):
        entered.set()
        one.engine.pass_time(60)

    one = make(work, workers=3, clock=SystemClock())
    batch = one.batch(one.job())
    assert entered.wait(5)
    one.engine.stop()
    assert batch.state == "Completed"
    assert not [t for t in threading.enumerate() if t.name.startswith("emulator-worker")]


def test_ids_of_either_length_find_their_job(make):
    one = make()
    job = one.job()
    assert one.engine.job(job.id) is one.engine.job(job.id[:15]) is job
    with pytest.raises(JobError, match="Unable to find job"):
        one.engine.job("750")
