import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from salesforce_bulk.emulator.clock import ManualClock
from salesforce_bulk.emulator.data.org import Org
from salesforce_bulk.emulator.soql.errors import SoqlError


@pytest.fixture
def org() -> Iterator[Org]:
    org = Org(clock=ManualClock(datetime(2024, 5, 15, tzinfo=timezone.utc)))
    yield org
    org.close()


def accounts(org: Org, *names: str) -> list[str]:
    outcomes = org.plan_write("insert", "Account", ["Name"]).write([[name] for name in names])
    return [str(outcome.id) for outcome in outcomes]


def names(org: Org) -> list[str]:
    return [row[0] for row in org.query("SELECT Name FROM Account ORDER BY Name")]


def test_a_fresh_org_has_an_administrator_a_profile_and_a_price_book(org: Org) -> None:
    assert list(org.query("SELECT Id, Username, Profile.Name, IsActive FROM User")) == [
        (org.admin.id, "admin@example.com", "System Administrator", 1)
    ]
    assert list(org.query("SELECT Id FROM Organization")) == [(org.org_id,)]
    assert list(org.query("SELECT IsStandard FROM Pricebook2")) == [(1,)]
    user = org.users["admin@example.com"]
    assert (user.password, user.security_token) == ("password", "token")


def test_an_object_that_was_never_used_can_be_queried(org: Org) -> None:
    assert list(org.query("SELECT Id, Account.Owner.Name FROM Opportunity")) == []
    assert org.count("Campaign") == 0
    assert org.count("Nonsense") == 0


def test_a_query_is_read_as_it_is_iterated(org: Org) -> None:
    accounts(org, *(f"n{n:05d}" for n in range(5000)))
    result = org.query("SELECT Name FROM Account ORDER BY Name")
    assert [column.label for column in result.columns] == ["Name"]
    assert result.object.name == "Account"
    rows = iter(result)
    assert next(rows) == ("n00000",)
    org.plan_write("delete", "Account", ["Id"]).write([[org.ids.one("001", 5000)]])
    assert [row[0] for row in rows] == [f"n{n:05d}" for n in range(1, 5000)]
    assert len(names(org)) == 4999


def test_bulk_refuses_what_its_api_refuses(org: Org) -> None:
    assert list(org.query("SELECT count() FROM Account")) == [(0,)]
    for api in ("1.0", "2.0"):
        with pytest.raises(SoqlError):
            org.query("SELECT count() FROM Account", bulk=api)
    with pytest.raises(SoqlError, match="INVALID_FIELD"):
        org.query("SELECT Nope FROM Account")


@pytest.mark.parametrize("count", [19, 20, 21, 25])
def test_chunks_are_id_ranges_that_cover_every_record_once(org: Org, count: int) -> None:
    ids = accounts(org, *map(str, range(count)))
    ranges = org.chunk_boundaries("account", 10)
    starts = ids[::10]
    assert ranges == list(zip(starts, [*starts[1:], None], strict=True))
    found = [
        [row[0] for row in org.query("SELECT Id FROM Account ORDER BY Id", id_range=bounds)]
        for bounds in ranges
    ]
    assert found == [ids[start : start + 10] for start in range(0, count, 10)]


def test_deleted_records_count_toward_a_chunk_and_a_start_row_shifts_it(org: Org) -> None:
    ids = accounts(org, *map(str, range(6)))
    org.plan_write("delete", "Account", ["Id"]).write([[ids[0]], [ids[1]]])
    assert org.chunk_boundaries("Account", 2)[0] == (ids[0], ids[2])
    assert org.chunk_boundaries("Account", 4, start_row=ids[3][:15]) == [(ids[3], None)]
    assert org.chunk_boundaries("Contact", 4) == []


def test_reset_makes_the_org_as_it_was(org: Org) -> None:
    before = accounts(org, "a")
    org.define_object("Load__c", {"Ext__c": "externalId"})
    org.define_object("Account", {"More__c": "text"})
    org.plan_write("insert", "Load__c", ["Ext__c"]).write([["x"]])
    org.locks.hold("me", before)
    org.reset()
    assert names(org) == []
    assert org.schema.get("Load__c") is None
    assert not org.locks.held()
    assert org.count("User") == 1
    assert accounts(org, "a") == before
    org.define_object("Load__c", {"Other__c": "text"})
    assert list(org.query("SELECT Other__c FROM Load__c")) == []


def test_a_kept_org_has_its_records_and_objects_again(tmp_path: Path) -> None:
    first = Org(directory=tmp_path, seed=7)
    first.define_object("Load__c", {"Ext__c": "externalId", "Kind__c": "picklist[A, B]"})
    first.define_object("Account", {"Load__c": "lookup(Load__c)"})
    first.load_describe(first.schema.describe("Campaign") | {"label": "Push"})
    (load,) = first.plan_write("insert", "Load__c", ["Ext__c"]).write([["x"]])
    first.plan_write("insert", "Account", ["Name", "Load__r.Ext__c"]).write([["a", "x"]])
    first.close()
    second = Org(directory=tmp_path)
    assert list(second.query("SELECT Name, Load__r.Ext__c FROM Account")) == [("a", "x")]
    assert second.org_id == first.org_id
    campaign = second.schema.get("Campaign")
    assert campaign is not None
    assert campaign.label == "Push"
    (more,) = second.plan_write("insert", "Load__c", ["Ext__c"]).write([["y"]])
    assert str(more.id) > str(load.id)
    assert second.count("User") == 1
    second.close()


def test_a_schema_file_is_remembered_with_the_data(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"Load__c": {"Ext__c": "externalId"}}')
    first = Org(directory=tmp_path / "data")
    assert [found.name for found in first.load_schema(path)] == ["Load__c"]
    first.close()
    second = Org(directory=tmp_path / "data")
    assert second.schema.get("Load__c") is not None
    second.reset()
    second.close()
    third = Org(directory=tmp_path / "data")
    assert third.schema.get("Load__c") is None
    third.close()


def test_a_killed_process_loses_no_row_it_reported(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from salesforce_bulk.emulator.data.org import Org
        org = Org(directory=Path(sys.argv[1]))
        plan = org.plan_write("insert", "Account", ["Name"])
        for n in range(1_000_000):
            outcomes = plan.write([[f"{n:06d}-{i}"] for i in range(20)])
            print(outcomes[-1].id, flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        reported = [process.stdout.readline().strip() for _ in range(50)]
        os.kill(process.pid, signal.SIGKILL)
        reported += process.stdout.read().split()
    org = Org(directory=tmp_path)
    stored = {row[0] for row in org.query("SELECT Id FROM Account")}
    assert set(reported[:-1]) <= stored
    assert len(stored) % 20 == 0
    org.close()


def test_threads_write_and_read_at_once_and_every_row_is_accounted_for(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId unique"})
    succeeded: list[str] = []

    def load() -> None:
        plan = org.plan_write("insert", "Load__c", ["Ext__c"])
        for start in range(0, 1000, 100):
            outcomes = plan.write([[f"e{n}"] for n in range(start, start + 100)])
            succeeded.extend(str(o.id) for o in outcomes if o.success)
            list(org.query("SELECT Ext__c FROM Load__c LIMIT 5"))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(succeeded) == 1000
    assert sorted(succeeded) == [r[0] for r in org.query("SELECT Id FROM Load__c ORDER BY Id")]


def test_two_orgs_of_one_process_share_nothing(org: Org) -> None:
    other = Org(seed=1)
    accounts(org, "a")
    assert names(other) == []
    assert other.org_id != org.org_id
    other.close()


def test_a_fresh_org_starts_in_milliseconds() -> None:
    Org().close()
    spent = []
    for _ in range(5):
        begin = time.perf_counter()
        started = Org()
        spent.append(time.perf_counter() - begin)
        started.close()
    assert min(spent) < 0.02
