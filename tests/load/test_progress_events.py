"""How far a run is, told without a flood and without printing."""

import io
import logging
import queue
import re
import sys
import threading
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import JobStillRunning
from salesforce_bulk.progress import Progress, Reporter, text
from salesforce_bulk.progress.drawing import LogLines, RichBars, TerminalLines, TqdmBars


class NotATerminal(io.StringIO):
    """A pipe or a file in the place of stderr."""


class Terminal(io.StringIO):
    """A terminal in the place of stderr."""

    def isatty(self):
        return True


def test_at_most_ten_events_a_second_and_each_end(clock):
    seen = []
    report = Reporter(seen.append, clock)
    with report.running():
        for rows in range(1, 1_001):
            clock.sleep(0.001)
            report(Progress("uploading", rows, total_rows=1_000))
    assert 9 <= len(seen) <= 13
    assert seen[0].rows == 1
    assert [event.outcome for event in seen[-2:]] == [None, "finished"]
    assert seen[-1].rows == 1_000


def test_each_phase_is_told_at_once_with_its_own_seconds(clock):
    seen = []
    report = Reporter(seen.append, clock)
    with report.running():
        for phase in ("reading", "uploading", "processing"):
            report(Progress(phase, 1))
            clock.sleep(3)
    assert [(event.phase, event.seconds) for event in seen] == [
        ("reading", 0),
        ("uploading", 0),
        ("processing", 0),
        ("processing", 3),
    ]


def test_a_server_that_works_in_silence_is_told_of_all_the_same(clock):
    seen = queue.Queue()
    report = Reporter(seen.put, clock, heartbeat=0.01)
    with report.running():
        report(Progress("processing", 7, job_id="750"))
        beats = [seen.get(timeout=30) for _ in range(3)]
    assert {(beat.phase, beat.rows, beat.job_id, beat.outcome) for beat in beats} == {
        ("processing", 7, "750", None)
    }


def test_a_callable_that_interrupts_a_silent_run_ends_it(clock):
    """Also where it is called beside the run, which hears of it by its next event."""
    beaten = threading.Event()

    def interrupt(event):
        if threading.current_thread() is not threading.main_thread():
            beaten.set()
            raise KeyboardInterrupt

    def run():
        with report.running():
            while True:
                report(Progress("processing", 7))
                assert beaten.wait(30)

    report = Reporter(interrupt, clock, heartbeat=0.01)
    with pytest.raises(KeyboardInterrupt):
        run()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "finished"),
        (RuntimeError("no"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(143), "interrupted"),
        (JobStillRunning("late"), "still running"),
    ],
)
def test_the_last_event_comes_whatever_ends_the_run(clock, error, outcome):
    seen = []
    report = Reporter(seen.append, clock)
    with suppress(BaseException), report.running():
        report(Progress("uploading", 3))
        if error is not None:
            raise error
    assert (seen[-1].outcome, seen[-1].rows) == (outcome, 3)
    assert "salesforce-bulk-progress" not in {thread.name for thread in threading.enumerate()}


def test_readings_of_one_export_that_overlap_are_one_run(clock):
    seen = []
    report = Reporter(seen.append, clock)

    def reading():
        with report.running():
            report(Progress("downloading", 1))
            yield

    first, second = reading(), reading()
    next(first), next(second)
    first.close()
    report(Progress("downloading", 9, total_rows=9))
    second.close()
    assert [event.outcome for event in seen] == [None, None, "stopped"]


def test_a_callable_that_raises_ends_the_telling_and_not_the_load(bulk, caplog):
    def broken(event):
        raise ZeroDivisionError

    assert bulk.insert("Account", [{"Name": "a"}], progress=broken).succeeded == 1
    assert "progress= raised an error" in caplog.text


def test_rows_of_an_earlier_process_are_no_speed_of_this_one(clock):
    seen = []
    report = Reporter(seen.append, clock)
    with report.running():
        report(Progress("uploading", 900, total_rows=1_000))
        clock.sleep(10)
        report(Progress("uploading", 950, total_rows=1_000))
    assert (seen[1].rows_per_second, seen[1].seconds_left) == (5, 10)


def test_nothing_is_printed_unless_it_is_asked_for(bulk, capsys):
    for option in (None, False):
        bulk.insert("Account", [{"Name": "a"}], progress=option)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_each_phase_ends_with_a_line_on_stderr(bulk, capsys):
    bulk.insert("Account", [{"Name": "a"}], progress=True)
    output = capsys.readouterr()
    assert output.out == ""
    assert [line.split()[0] for line in output.err.splitlines()] == [
        "reading",
        "uploading",
        "processing",
    ]
    assert "1 of 1 rows" in output.err.splitlines()[-1]


def test_where_the_log_is_read_the_lines_are_the_logs(bulk, capsys, caplog):
    caplog.set_level(logging.INFO, "salesforce_bulk")
    result = bulk.insert("Account", [{"Name": "a"}], progress=True)
    assert capsys.readouterr().err == ""
    assert any(text.startswith("processing   1 of 1 rows") for text in caplog.messages)
    assert caplog.messages[1].startswith("insert Account: Bulk API 1.0")
    assert f"insert Account: job {result.job_id}" in caplog.messages
    for phase in ("reading", "uploading", "processing"):
        assert f"insert Account: {phase}" in caplog.messages
    assert re.fullmatch(
        r"insert Account: finished after \d+\.\d s: 1 rows, 1 succeeded", caplog.messages[-1]
    )


def test_a_log_has_a_line_at_least_every_ten_seconds(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", NotATerminal())
    lines = LogLines(clock.monotonic)
    for second in range(61):
        lines(Progress("processing", 0, total_rows=5, seconds=second))
        clock.sleep(1)
    told = [int(line.split(":")[-1]) for line in sys.stderr.getvalue().splitlines()]
    assert all(later - earlier <= 10 for earlier, later in pairwise([0, *told]))
    assert len(told) == 6


def test_a_process_without_stderr_goes_on_without_a_picture(clock, monkeypatch, caplog):
    """As under pythonw and in services of Windows."""
    monkeypatch.setattr(sys, "stderr", None)
    with Reporter(True, clock).running():
        pass
    assert caplog.text == ""


EVENTS = [
    Progress("uploading", 0, total_rows=1_000),
    Progress("uploading", 1_000, total_rows=1_000, seconds=2, batches=2, total_batches=2),
    Progress("processing", 0, total_rows=1_000, job_id="7505g00000ABCDEAAA"),
    Progress("processing", 1_000, 0, 1_000, "7505g00000ABCDEAAA", 21.4, outcome="finished"),
]


@pytest.mark.parametrize("drawing", [TerminalLines, RichBars, TqdmBars])
def test_a_terminal_keeps_a_line_for_each_phase(monkeypatch, drawing):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    draw = drawing()
    for event in EVENTS:
        draw(event)
    kept = re.split(r"\r|\n|\x1b\[[0-9;?]*[A-Za-z]", sys.stderr.getvalue())
    assert any("uploading" in line for line in kept)
    assert sys.stderr.getvalue().endswith(("\n", "\x1b[?25h"))
    assert "7505g…AAA" in sys.stderr.getvalue()


def test_our_own_line_fits_a_terminal_of_80_columns(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    draw = TerminalLines()
    for event in EVENTS:
        draw(event)
    assert [line.split("\x1b[2K")[-1] for line in sys.stderr.getvalue().split("\n")] == [
        "  uploading    1,000 of 1,000 rows   2 of 2 batches   500/s     0:02",
        "  processing   1,000 of 1,000 rows   job 7505g…AAA   47/s       0:21",
        "",
    ]


@given(
    st.builds(
        Progress,
        st.sampled_from(["reading", "uploading", "processing", "downloading"]),
        st.integers(0, 10**9),
        total_rows=st.none() | st.integers(0, 10**9),
        job_id=st.just("7505g00000ABCDEAAA"),
        seconds=st.floats(0, 10**6),
        batches=st.integers(0, 10**5),
        total_batches=st.just(10**5),
    )
)
def test_the_seconds_are_seen_in_any_terminal(event):
    line = text.line(event, 79)
    assert len(line) <= 79
    assert text.duration(event.seconds) in line


def test_a_load_tells_its_phases(bulk):
    seen = []
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(30)]
    result = bulk.insert("Account", rows, batch_size=10, progress=seen.append)
    assert {event.phase for event in seen} == {"reading", "uploading", "processing"}
    last = [event for event in seen if event.phase == "processing"][-1]
    assert (last.rows, last.total_rows, last.job_id) == (30, 30, result.job_id)
