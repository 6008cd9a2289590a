"""The crash-safe record of a run."""

import errno
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforce_bulk import JournalMismatch, StorageError
from salesforce_bulk.export.state import StateFile
from salesforce_bulk.storage.journal import Journal, read_entries

ENTRIES = st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=8)


def written(path, entries):
    with Journal.create(path, {"kind": "x"}) as journal:
        for entry in entries:
            journal.append(entry)
    return path.read_bytes()


@settings(max_examples=15)  # each waits for the disk
@given(ENTRIES, ENTRIES, st.integers(0, 400))
def test_a_journal_torn_anywhere_keeps_every_whole_line(tmp_path_factory, before, after, cut):
    path = tmp_path_factory.mktemp("journal") / "run"
    content = written(path, before)
    path.write_bytes(content[: len(content) - min(cut, len(content))])
    whole = path.read_bytes().count(b"\n") - 1
    if whole < 0:
        with pytest.raises(JournalMismatch, match="lost its beginning"):
            Journal.open(path)
        with pytest.raises(JournalMismatch, match="a file already"):
            Journal.create(path, {"kind": "again"})
        return
    with Journal.open(path) as journal:
        assert journal.header == {"kind": "x"}
        assert journal.entries == before[:whole]
        for entry in after:
            journal.append(entry)
    with Journal.open(path) as journal:
        assert journal.entries == [*before[:whole], *after]


JOBS = [{"event": "job", "job": "750000000000001AAA"}, *({"n": number} for number in range(4))]


def test_a_flipped_bit_is_noticed_or_tears_the_last_line(tmp_path):
    path = tmp_path / "run"
    content = written(path, JOBS)
    for bit in range(0, len(content) * 8, 7):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            with Journal.open(path) as journal:
                assert journal.entries == JOBS[:4]
                assert bit // 8 == len(content) - 1
        except JournalMismatch:
            continue


@pytest.mark.parametrize("change", ["lost", "twice", "swapped", "of another journal"])
@pytest.mark.parametrize("at", range(1, 5))
def test_a_line_that_is_lost_or_moved_breaks_the_chain(tmp_path, at, change):
    lines = written(tmp_path / "run", JOBS).splitlines(keepends=True)
    other = written(tmp_path / "other", [{"else": 1}, *JOBS[1:]]).splitlines(keepends=True)
    changed = {
        "lost": [*lines[:at], *lines[at + 1 :]],
        "twice": [*lines[: at + 1], *lines[at:]],
        "swapped": [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        "of another journal": [*lines[:at], other[at], *lines[at + 1 :]],
    }[change]
    (tmp_path / "run").write_bytes(b"".join(changed))
    with pytest.raises(JournalMismatch, match=r"attach\(job_id\)") as caught:
        Journal.open(tmp_path / "run")
    job_is_gone = at == 1 and change in ("lost", "of another journal")
    assert (JOBS[0]["job"] in str(caught.value)) != job_is_gone


def test_an_empty_file_is_no_new_journal(tmp_path):
    """A crash leaves none: the file gets its name with its header inside."""
    (tmp_path / "run").touch()
    assert Journal.exists(tmp_path / "run")
    for act in (Journal.open, lambda path: Journal.create(path, {})):
        with pytest.raises(JournalMismatch):
            act(tmp_path / "run")
    assert (tmp_path / "run").read_bytes() == b""


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices with names")
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/null", "/dev/zero"):
        for act in (Journal.open, Journal.exists, lambda name: Journal.create(name, {})):
            with pytest.raises(JournalMismatch, match="it is no file"):
                act(path)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(StorageError, match="nowhere"):
        Journal.create(tmp_path / "nowhere" / "run", {})


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path, monkeypatch):
    with Journal.create(tmp_path / "run", {}) as journal:
        journal.append({"n": 1})
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full_disk)
            with pytest.raises(StorageError, match="Make room") as caught:
                journal.append({"n": 2})
        assert isinstance(caught.value, OSError)
        journal.append({"n": 3})
    with Journal.open(tmp_path / "run") as journal:
        assert journal.entries == [{"n": 1}, {"n": 3}]


def full_disk(number):
    raise OSError(errno.ENOSPC, "No space left on device")


class DiskThatGoes:
    """A file on a disk that is pulled out within a line, and put in again."""

    def __init__(self, file):
        self._file = file
        self.gone = False

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, content):
        return self._file.write(content[:9] if self.gone else content)

    def truncate(self, end):
        if self.gone:
            raise OSError(errno.EIO, "Input/output error")
        return self._file.truncate(end)


def test_nothing_comes_behind_half_a_line_that_could_not_be_cut_off(tmp_path):
    """Trap: the disk's own error leaves, and the next line makes the journal a damaged one."""
    with Journal.create(tmp_path / "run", {}) as journal:
        journal._file = disk = DiskThatGoes(journal._file)
        for gone in (True, True, False):
            disk.gone = gone
            if gone:
                with pytest.raises(StorageError):
                    journal.append({"n": 1})
        journal.append({"n": 2})
    with Journal.open(tmp_path / "run") as journal:
        assert journal.entries == [{"n": 2}]


@pytest.mark.skipif(os.name == "nt", reason="a file of the system that cannot be read")
@pytest.mark.parametrize("read", [Journal.open, read_entries])
def test_a_disk_that_cannot_be_read_is_told(read):
    """Trap: OSError [Errno 5] Input/output error, and nothing else."""
    with pytest.raises((StorageError, JournalMismatch), match="/proc/self/mem"):
        read("/proc/self/mem")


def test_a_file_system_without_locks_is_no_other_run(tmp_path, monkeypatch):
    """Trap: "A run is at work with the journal", for ever."""
    fcntl = pytest.importorskip("fcntl", reason="the locks of Windows are others")

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StorageError, match=r"cannot be locked: .*No locks available"):
        Journal.create(tmp_path / "run", {})
    state = StateFile(tmp_path / "state")
    with pytest.raises(StorageError, match="No locks available"), state.exclusive():
        pass


def test_a_file_of_the_locks_name_is_not_removed(tmp_path):
    """Trap: the state is called ``poetry``, and poetry.lock is somebody's work."""
    (tmp_path / "poetry.lock").write_text("mine", "utf-8")
    with StateFile(tmp_path / "poetry").exclusive():
        pass
    assert (tmp_path / "poetry.lock").read_text("utf-8") == "mine"
    with StateFile(tmp_path / "other").exclusive():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["poetry.lock"]


def test_one_process_at_a_time(tmp_path):
    with Journal.create(tmp_path / "run", {}):
        with pytest.raises(JournalMismatch, match="A run is at work"):
            Journal.open(tmp_path / "run")
        with pytest.raises(JournalMismatch, match="A run is at work"):
            Journal.create(tmp_path / "run", {})
    Journal.open(tmp_path / "run").close()


def test_a_journal_is_never_overwritten(tmp_path):
    Journal.create(tmp_path / "run", {"kind": "x"}).close()
    with pytest.raises(JournalMismatch, match="resume that"):
        Journal.create(tmp_path / "run", {})


@pytest.mark.parametrize("content", ["", "no JSON\n", "[]\n", '{"format": "other"}\n'])
def test_what_is_no_journal_is_refused(tmp_path, content):
    (tmp_path / "run").write_text(content, "utf-8")
    with pytest.raises(JournalMismatch):
        Journal.open(tmp_path / "run")
    with pytest.raises(JournalMismatch, match="no journal"):
        Journal.open(tmp_path / "nothing")


def test_a_line_damaged_in_the_middle_is_named(tmp_path):
    lines = written(tmp_path / "run", [{"n": 1}, {"n": 2}]).splitlines(keepends=True)
    (tmp_path / "run").write_bytes(lines[0] + b"{torn\n" + lines[2])
    with pytest.raises(JournalMismatch, match="Line 2"):
        Journal.open(tmp_path / "run")


def test_a_link_that_leads_nowhere_is_no_run_of_somebody_else(tmp_path):
    link = tmp_path / "journal"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(JournalMismatch, match="a link that leads nowhere"):
        Journal.create(link, {})
