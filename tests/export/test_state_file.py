"""The state of an incremental export: damage is noticed, and one export at a time delivers it."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from salesforce_bulk import InvalidInput, JournalMismatch

FIELDS = ["Text__c", "Count__c"]


@pytest.fixture
def state(tmp_path):
    return tmp_path / "s"


@pytest.fixture
def put(org, fill):
    """Puts rows into the org that were changed an hour ago."""

    def insert(rows):
        fill(rows)
        moment = datetime.now(timezone.utc) - timedelta(hours=1)
        with org.org.store.writing() as connection:
            text = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            connection.execute("UPDATE Row__c SET SystemModstamp = ?", (text,))

    return insert


@pytest.fixture
def changed(bulk, state):
    def export(**options):
        return bulk.export("Row__c", fields=FIELDS, state=state, **options)

    return export


def counts(export):
    return sorted(row["Count__c"] for row in export)


def test_every_damage_is_noticed(bulk, changed, put, state):
    """Each byte flipped, the file cut anywhere, or without one of its members: never another
    window, never a raw error."""
    put([{"Count__c": n} for n in range(3)])
    counts(changed())
    whole = state.read_bytes()
    document = json.loads(whole)
    chance = random.Random(1)
    damaged = [whole[:at] for at in range(0, len(whole), 7)]
    for at in range(0, len(whole), 5):
        damaged.append(
            whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :]
        )
    for name in document:
        damaged.append(json.dumps({k: v for k, v in document.items() if k != name}).encode())
        for value in (None, 1, [], {}, "x", [1], "9" * 70_000):
            damaged.append(json.dumps({**document, name: value}).encode())
    damaged += [b"", b"{}", b"[1]", b"null", b"[" * 100_000, b"9" * 70_000, b"\xff\xfe"]
    for content in damaged:
        if content == whole:
            continue
        state.write_bytes(content)
        with pytest.raises(JournalMismatch, match="copy of before"):
            changed()
        assert state.read_bytes() == content
    state.write_bytes(whole)
    assert counts(changed()) == []


@pytest.mark.parametrize("sink", [list, lambda e: e.to_csv("/dev/null")], ids=["rows", "refused"])
def test_an_empty_file_is_no_new_state(changed, state, sink):
    """What a full disk left would have everything delivered again, unasked."""
    state.touch()
    with pytest.raises(JournalMismatch, match="empty"):
        sink(changed())


def test_exports_at_once_deliver_a_change_once(changed, put, state):
    """Planned side by side, one delivers; the others are refused, and say why."""
    put([{"Count__c": n} for n in range(250)])
    planned = [changed() for _ in range(6)]
    start = threading.Barrier(len(planned))

    def read(export):
        start.wait()
        try:
            return counts(export)
        except InvalidInput as error:
            return str(error)

    with ThreadPoolExecutor(len(planned)) as threads:
        ends = list(threads.map(read, planned))
    assert [end for end in ends if isinstance(end, list)] == [list(range(250))]
    assert all("The state" in end or "the state" in end for end in ends if isinstance(end, str))
    assert [path.name for path in state.parent.iterdir()] == ["s"]


@pytest.mark.parametrize("sink", ["rows", "to_csv", "to_parquet", "to_arrow"])
def test_a_state_that_moved_on_since_the_plan(changed, put, state, sink):
    """The second one's window was delivered by the first."""
    put([{"Count__c": 1}])
    first, second = changed(), changed()

    def read(export):
        if sink == "rows":
            return len(list(export))
        if sink == "to_arrow":
            return export.to_arrow().num_rows
        return getattr(export, sink)(state.with_name("x"))

    assert read(first) == 1
    with pytest.raises(InvalidInput, match="moved on"):
        read(second)
    assert read(first) == 1  # its own state is no other's


def test_a_reading_that_is_left_lets_go(changed, put, state):
    """What was not read to its end is delivered again."""
    put([{"Count__c": n} for n in range(3)])
    rows = iter(changed())
    next(rows)
    with pytest.raises(InvalidInput, match="being read"):
        list(changed())
    del rows
    assert counts(changed()) == [0, 1, 2]


def test_a_lock_that_a_crash_left_is_in_nobodys_way(changed, put, state):
    """The system lets go of it; the file beside is nothing."""
    put([{"Count__c": 1}])
    state.with_name("s.lock").touch()
    assert counts(changed()) == [1]
    assert not state.with_name("s.lock").exists()
