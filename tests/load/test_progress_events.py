"""How far a run is, told without a flood and without printing."""

from salesforce_bulk.progress import Progress, Reporter


def test_at_most_ten_events_a_second_and_each_end(clock):
    seen = []
    report = Reporter(seen.append, clock)
    for rows in range(1, 1_001):
        clock.sleep(0.001)
        report(Progress("uploading", rows, total_rows=1_000))
    assert 9 <= len(seen) <= 12
    assert seen[0].rows == 1
    assert seen[-1].rows == 1_000


def test_each_phase_is_told_at_once(clock):
    seen = []
    report = Reporter(seen.append, clock)
    for phase in ("reading", "uploading", "processing"):
        report(Progress(phase, 1))
    assert [event.phase for event in seen] == ["reading", "uploading", "processing"]


def test_nothing_is_printed_unless_a_terminal_asks(clock, capsys):
    for option in (None, False, True):
        Reporter(option, clock)(Progress("reading", 1, total_rows=1))
    assert capsys.readouterr() == ("", "")


def test_a_load_tells_its_phases(bulk):
    seen = []
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(30)]
    result = bulk.insert("Account", rows, batch_size=10, progress=seen.append)
    assert {event.phase for event in seen} == {"reading", "uploading", "processing"}
    last = [event for event in seen if event.phase == "processing"][-1]
    assert (last.rows, last.total_rows, last.job_id) == (30, 30, result.job_id)
