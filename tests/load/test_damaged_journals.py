"""A journal that lost something doubles no row and misstates none."""

import damaged_journals
import pytest
from damaged_journals import DAMAGES, ROWS, try_runs

from salesforce_bulk import AmbiguousUpload, JournalMismatch
from salesforce_bulk.client_access import org_of

OPTIONS = {"batch_size": 10, "parallel": 1}


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def lose_lines_from(path, text):
    """Cut the journal before the first line that holds the text."""
    lines = lines_of(path)
    at = next(number for number, line in enumerate(lines) if text in line)
    path.write_bytes(b"".join(lines[:at]))


@pytest.fixture
def names(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Name FROM Account"))


ALL = sorted(row["Name"] for row in ROWS)


def test_runs_that_died_at_a_request_and_lost_of_their_journal_end_right():
    """The long form is benchmarks/damaged_journals.py."""
    ends = try_runs(48, seed=3)
    assert sum(ends.values()) == 48
    assert {way for way, _ in ends} == {way.__name__ for way in DAMAGES}
    assert sum(count for (_, end), count in ends.items() if end == "right") > 12


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("lost", [b'"event": "job"', b'"event": "plan"', b'"part": 3'])
def test_what_a_lost_tail_told_is_read_from_the_org(org, bulk, names, tmp_path, api, lost):
    journal = tmp_path / "journal"
    first = bulk.insert("Account", ROWS, journal=journal, api=api, **OPTIONS)
    lose_lines_from(journal, lost)
    again = org.connect().insert("Account", ROWS, journal=journal, api=api, **OPTIONS)
    assert [row.id for row in again] == [row.id for row in first]
    assert names() == ALL
    # It is written down now, and asked for no more.
    before = len(org.requests)
    org.connect().insert("Account", ROWS, journal=journal, api=api, **OPTIONS)
    assert not any(one.path.endswith("/jobs/ingest") for one in org.requests[before:])


def test_a_job_that_was_made_before_the_journal_is_another_loads(org, bulk, names, tmp_path):
    """The same rows once more are what the caller asks for."""
    bulk.insert("Account", ROWS, **OPTIONS)
    org.clock.advance(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(org_of(bulk).v1, "add_batch", die)
        with pytest.raises(damaged_journals.Death):
            bulk.insert("Account", ROWS, journal=tmp_path / "journal", **OPTIONS)
    assert org.connect().insert("Account", ROWS, journal=tmp_path / "journal", **OPTIONS)
    assert names() == sorted(ALL * 2)


def die(*args):
    raise damaged_journals.Death


def test_jobs_of_other_rows_at_the_same_time_are_left_alone(org, bulk, names, tmp_path):
    journal = tmp_path / "journal"
    bulk.insert("Account", ROWS, journal=journal, **OPTIONS)
    lose_lines_from(journal, b'"part": 3')
    others = [{"Name": f"Other {row['Name']}", "NumberOfEmployees": 1} for row in ROWS]
    other = org.connect()
    assert other.insert("Account", others, **OPTIONS).succeeded == 60
    assert other.insert("Account", others, api="2.0").succeeded == 60
    assert org.connect().insert("Account", ROWS, journal=journal, **OPTIONS).succeeded == 60
    assert len(names()) == 180


@pytest.mark.parametrize("state", ["UploadComplete", "InProgress"])
def test_a_2_0_job_at_work_that_the_journal_does_not_know_is_waited_for(
    org, bulk, names, tmp_path, monkeypatch, state
):
    journal = tmp_path / "journal"
    options = {"journal": journal, "api": "2.0", **OPTIONS}
    bulk.insert("Account", ROWS, **options)
    lose_lines_from(journal, b'"part": 3')
    v2 = org_of(bulk).v2
    ingest_job = v2.ingest_job
    with monkeypatch.context() as patch:
        patch.setattr(v2, "ingest_job", lambda job_id: at_work(ingest_job(job_id), state))
        with pytest.raises(AmbiguousUpload, match=f"{state}; run the same again") as caught:
            bulk.insert("Account", ROWS, **options)
    assert caught.value.job_id in str(caught.value)
    assert bulk.insert("Account", ROWS, **options).succeeded == 60
    assert names() == ALL


def at_work(job, state):
    object.__setattr__(job, "state", state)
    return job


def test_an_org_that_does_not_list_its_jobs_leaves_it_in_doubt(org, bulk, names, tmp_path):
    journal = tmp_path / "journal"
    bulk.insert("Account", ROWS, journal=journal, **OPTIONS)
    lose_lines_from(journal, b'"part": 3')
    org.faults.add("api_error", path="*/jobs/ingest", times=0, status=403, code="FORBIDDEN")
    with pytest.raises(AmbiguousUpload, match="does not list its jobs"):
        org.connect().insert("Account", ROWS, journal=journal, **OPTIONS)
    assert names() == ALL


@pytest.mark.parametrize("size", [20, 7])
def test_a_retry_whose_record_was_lost_is_not_sent_once_more(org, bulk, names, tmp_path, size):
    journal = tmp_path / "journal"
    options = {"journal": journal, "on_error": "report", **OPTIONS}
    org.faults.add("row_errors", rows=20)
    result = bulk.insert("Account", ROWS, **{**options, "batch_size": 60})
    assert result.failed == 20
    assert result.retry(batch_size=20).succeeded == 60
    lose_lines_from(journal, b'"event": "retry"')
    again = org.connect().insert("Account", ROWS, **{**options, "batch_size": 60})
    if size == 20:
        assert again.retry(batch_size=size).succeeded == 60
    else:  # its batches are others, with the same rows
        with pytest.raises(AmbiguousUpload, match="to be sent again"):
            again.retry(batch_size=size)
    assert names() == ALL


def test_an_emptied_journal_sends_nothing(org, bulk, names, tmp_path):
    journal = tmp_path / "journal"
    bulk.insert("Account", ROWS, journal=journal, **OPTIONS)
    journal.write_bytes(b"")
    with pytest.raises(JournalMismatch, match="compare the org's jobs"):
        bulk.insert("Account", ROWS, journal=journal, **OPTIONS)
    with pytest.raises(JournalMismatch, match="compare the org's jobs"):
        bulk.resume(journal, ROWS)
    assert names() == ALL
