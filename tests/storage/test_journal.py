"""The crash-safe record of a run."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforce_bulk import JournalMismatch
from salesforce_bulk.storage.journal import Journal

ENTRIES = st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=8)


@settings(max_examples=15)  # each waits for the disk
@given(ENTRIES, ENTRIES, st.integers(0, 400))
def test_a_journal_torn_anywhere_keeps_every_whole_line(tmp_path_factory, before, after, cut):
    path = tmp_path_factory.mktemp("journal") / "run"
    with Journal.create(path, {"kind": "x"}) as journal:
        for entry in before:
            journal.append(entry)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - min(cut, len(content) - 60)])
    whole = path.read_bytes().count(b"\n") - 1
    if whole < 0:
        assert not Journal.exists(path)
        Journal.create(path, {"kind": "again"}).close()
        return
    with Journal.open(path) as journal:
        assert journal.header == {"kind": "x"}
        assert journal.entries == before[:whole]
        for entry in after:
            journal.append(entry)
    with Journal.open(path) as journal:
        assert journal.entries == [*before[:whole], *after]


def test_one_process_at_a_time(tmp_path):
    with Journal.create(tmp_path / "run", {}):
        with pytest.raises(JournalMismatch, match="A run is at work"):
            Journal.open(tmp_path / "run")
        with pytest.raises(JournalMismatch, match="A run is at work"):
            Journal.create(tmp_path / "run", {})
    Journal.open(tmp_path / "run").close()


def test_a_journal_is_never_overwritten(tmp_path):
    Journal.create(tmp_path / "run", {"kind": "x"}).close()
    with pytest.raises(JournalMismatch, match="resume it"):
        Journal.create(tmp_path / "run", {})


@pytest.mark.parametrize("content", ["", "no JSON\n", "[]\n", '{"format": "other"}\n'])
def test_what_is_no_journal_is_refused(tmp_path, content):
    (tmp_path / "run").write_text(content, "utf-8")
    with pytest.raises(JournalMismatch):
        Journal.open(tmp_path / "run")
    with pytest.raises(JournalMismatch, match="no journal"):
        Journal.open(tmp_path / "nothing")


def test_a_line_damaged_in_the_middle_is_named(tmp_path):
    path = tmp_path / "run"
    with Journal.create(path, {"kind": "x"}) as journal:
        journal.append({"n": 1})
        journal.append({"n": 2})
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{torn\n" + lines[2])
    with pytest.raises(JournalMismatch, match="Line 2"):
        Journal.open(path)
    assert json.loads(lines[2]) == {"n": 2}
