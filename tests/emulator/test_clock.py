from datetime import datetime, timedelta, timezone

import pytest

from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.clock import ManualClock, SystemClock


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock()
    start = clock.now()
    assert clock.now() == start == datetime(2024, 1, 1, tzinfo=timezone.utc)
    clock.advance(90.5)
    assert clock.now() - start == timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5


def test_sleeping_on_a_manual_clock_advances_it() -> None:
    clock = ManualClock()
    clock.sleep(3)
    clock.sleep(-1)
    assert clock.monotonic() == 3


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="-1"):
        ManualClock().advance(-1)


def test_moments_are_utc_in_whole_milliseconds() -> None:
    zone = timezone(timedelta(hours=2))
    clock = ManualClock(datetime(2024, 5, 1, 12, 0, 0, 123_456, tzinfo=zone))
    assert clock.now() == datetime(2024, 5, 1, 10, 0, 0, 123_000, tzinfo=timezone.utc)
    now = SystemClock().now()
    assert now.utcoffset() == timedelta()
    assert now.microsecond % 1000 == 0


def test_the_system_clock_runs_and_sleeps() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.001)
    assert clock.monotonic() > before


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_advance_is_at_once_and_reset_undoes_it(clock):
    before, passed = clock.now(), clock.monotonic()
    clock.advance(3_600)
    assert timedelta(hours=1) <= clock.now() - before < timedelta(hours=1, minutes=1)
    assert 3_600 <= clock.monotonic() - passed < 3_660
    with pytest.raises(ValueError, match="cannot be advanced"):
        clock.advance(-1)
    clock.reset()
    assert clock.now() - before < timedelta(minutes=1)


def test_system_clock_can_start_at_another_time():
    start = datetime(2024, 2, 29, tzinfo=timezone.utc)
    clock = SystemClock(start)
    clock.advance(60)
    clock.reset()
    assert start <= clock.now() < start + timedelta(minutes=1)


def test_what_changed_on_the_orgs_own_clock_is_exported_incrementally(tmp_path) -> None:
    clock = ManualClock()
    with SalesforceEmulator(inline=True, clock=clock) as org:
        bulk = org.connect()
        for name in ("first", "second"):
            clock.advance(3_600)
            bulk.insert("Account", [{"Name": name}])
            clock.advance(3_600)
            changed = bulk.export("Account", fields=["Name"], state=tmp_path / "state")
            assert [row["Name"] for row in changed] == [name]
