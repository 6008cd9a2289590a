"""Incremental exports: nothing is lost between two windows, nothing comes twice."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from canned_org import CannedOrg, page

from salesforce_bulk import InvalidInput, ReconciliationError, SalesforceBulk, TransportError
from salesforce_bulk.export.incremental import LAG, OVERLAP

FIELDS = ["Text__c", "Count__c"]
UTC = timezone.utc


@pytest.fixture
def stamp(org):
    """Sets the SystemModstamp of rows, by their Count__c."""

    def put(count, moment):
        text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        with org.org.store.writing() as connection:
            connection.execute(
                "UPDATE Row__c SET SystemModstamp = ? WHERE Count__c = ?", (text, count)
            )

    return put


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


def counts(export):
    return sorted(row["Count__c"] for row in export)


def test_the_window_is_half_open(bulk, fill, stamp, now):
    """The begin belongs to a window, the end to the next."""
    fill([{"Count__c": n} for n in range(4)])
    for n in range(4):
        stamp(n, now - timedelta(hours=4 - n))
    begin, end = now - timedelta(hours=3), now - timedelta(hours=1)
    assert counts(bulk.export("Row__c", fields=FIELDS, since=begin, until=end)) == [1, 2]
    assert counts(bulk.export("Row__c", fields=FIELDS, since=end)) == [3]
    assert counts(bulk.export("Row__c", fields=FIELDS, until=begin)) == [0]


@pytest.mark.parametrize(
    "way", [{}, {"api": "1.0"}, {"api": "1.0", "content_type": "JSON"}], ids=str
)
def test_each_change_comes_once(bulk, fill, stamp, now, tmp_path, way):
    """First everything, then what changed, then nothing; a late commit still comes."""
    state = tmp_path / "rows.state"

    def changed():
        return counts(bulk.export("Row__c", fields=FIELDS, state=state, **way))

    fill([{"Count__c": n} for n in range(5)])
    for n in range(5):
        stamp(n, now - timedelta(minutes=20))
    # At the same second as the window's end minus nothing: ties within the overlap.
    stamp(4, now - timedelta(minutes=2))
    assert changed() == [0, 1, 2, 3, 4]
    assert changed() == []
    stamp(1, now - LAG - timedelta(seconds=5))
    assert changed() == [1]
    assert changed() == []
    # Committed late: its stamp lies before the end of the window that was read already.
    fill([{"Count__c": 9}])
    stamp(9, now - OVERLAP + timedelta(minutes=3))
    assert changed() == [9]
    assert changed() == []


def test_rows_of_the_last_seconds_wait_for_the_next_window(bulk, fill, now, tmp_path):
    """The end of a window stays behind the org's clock, whatever this machine's clock says."""
    fill([{"Count__c": 1}])
    state = tmp_path / "rows.state"
    assert counts(bulk.export("Row__c", fields=FIELDS, state=state)) == []
    until = datetime.fromisoformat(json.loads(state.read_text())["until"].replace("Z", "+00:00"))
    assert abs(now - LAG - until) < timedelta(seconds=10)


def test_deleted_rows_come_with_their_mark(org, bulk, fill, stamp, now, tmp_path):
    """Deletions are changes: queryAll brings them, IsDeleted tells them."""
    state = tmp_path / "rows.state"
    ids = fill([{"Count__c": n} for n in range(3)])
    for n in range(3):
        stamp(n, now - timedelta(minutes=30))
    assert counts(bulk.export("Row__c", fields=FIELDS, state=state)) == [0, 1, 2]
    org.org.plan_write("delete", "Row__c", ["Id"]).write([[ids[1]]])
    stamp(1, now - timedelta(minutes=1))
    rows = list(bulk.export("Row__c", fields=FIELDS, state=state))
    assert [(row["Count__c"], row["IsDeleted"]) for row in rows] == [(1, True)]
    assert list(rows[0]) == ["Text__c", "Count__c", "Id", "SystemModstamp", "IsDeleted"]


def test_the_state_is_written_after_the_reconciliation(org, bulk, fill, stamp, now, tmp_path):
    """An export that fails, or is left before its end, delivers the same window again."""
    state = tmp_path / "rows.state"
    fill([{"Count__c": n} for n in range(250)])
    with org.org.store.writing() as connection:
        text = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        connection.execute("UPDATE Row__c SET SystemModstamp = ?", (text,))
    org.faults.add("html_error", route="bulk2.page", nth=2, times=0, status=400)
    with pytest.raises((TransportError, ReconciliationError)):
        list(bulk.export("Row__c", fields=FIELDS, state=state))
    org.faults.clear()
    assert not state.exists()
    next(iter(bulk.export("Row__c", fields=FIELDS, state=state)))
    assert not state.exists()
    target = tmp_path / "x.csv"
    assert bulk.export("Row__c", fields=FIELDS, state=state).to_csv(target) == 250
    assert state.exists()
    assert bulk.export("Row__c", fields=FIELDS, state=state).to_arrow().num_rows == 0


def test_a_window_that_does_not_add_up_moves_no_state(clock, tmp_path):
    """Rows that are missing: the error comes before the state, which stays where it was."""
    columns = ("Id", "Amount", "SystemModstamp")
    answer = page([("1", "1.0", "2024-01-01T00:00:00.000Z")], header=columns)
    with CannedOrg({None: answer}, 2) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
        export = bulk.export("Thing", fields=columns, state=tmp_path / "s")
        with pytest.raises(ReconciliationError):
            list(export)
    assert list(tmp_path.iterdir()) == []


def test_reading_twice_gives_the_same_window(bulk, fill, stamp, now, tmp_path):
    """DuckDB opens a stream three times: each time it is the same window."""
    fill([{"Count__c": n} for n in range(3)])
    for n in range(3):
        stamp(n, now - timedelta(minutes=1))
    export = bulk.export("Row__c", fields=FIELDS, state=tmp_path / "s")
    assert counts(export) == counts(export) == [0, 1, 2]
    assert export.to_arrow().num_rows == 3
    assert counts(bulk.export("Row__c", fields=FIELDS, state=tmp_path / "s")) == []


def test_a_query_must_select_what_tells_changes(bulk):
    """With a query of one's own the needed columns are named, not added in silence."""
    soql = "SELECT Id, Count__c FROM Row__c"
    with pytest.raises(InvalidInput, match="SystemModstamp, IsDeleted"):
        bulk.export(soql, since=datetime(2024, 1, 1, tzinfo=UTC))
    own = "SELECT Id, SystemModstamp FROM Row__c WHERE Count__c = 1 OR Count__c = 2"
    export = bulk.export(own, since=datetime(2024, 1, 1, tzinfo=UTC), include_deleted=False)
    assert " WHERE (Count__c = 1 OR Count__c = 2) AND SystemModstamp >= 2024-01-01T" in export.soql


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": datetime(2024, 1, 1)}, "time zone"),
        ({"since": datetime(2999, 1, 1, tzinfo=UTC)}, "empty"),
        ({"since": datetime(2024, 1, 1, tzinfo=UTC), "journal": "x"}, "journal"),
    ],
)
def test_windows_that_cannot_be(bulk, options, message):
    with pytest.raises(InvalidInput, match=message):
        bulk.export("Row__c", fields=FIELDS, **options)


def test_a_state_of_another_query_or_no_state_is_refused(bulk, fill, tmp_path):
    """A state never moves another query's window."""
    state = tmp_path / "s"
    list(bulk.export("Row__c", fields=FIELDS, state=state))
    with pytest.raises(InvalidInput, match="another query"):
        bulk.export("Row__c", fields=["Text__c"], state=state)
    for text in ("", "{}", "[1]"):
        state.write_text(text)
        with pytest.raises(InvalidInput, match="no state"):
            bulk.export("Row__c", fields=FIELDS, state=state)
