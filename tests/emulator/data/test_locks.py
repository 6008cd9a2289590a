from salesforce_bulk.emulator.clock import ManualClock
from salesforce_bulk.emulator.data.locks import RowLocks

A, B = "0015g0000000001AAA", "0015g0000000002AAA"


def test_a_lock_is_held_against_everybody_but_its_owner() -> None:
    locks = RowLocks(ManualClock())
    locks.hold("one", [A])
    locks.hold("two", [B])
    assert locks.held("one") == {B}
    assert locks.held("two") == {A}
    assert locks.held() == {A, B}


def test_a_lock_ends_when_it_is_released_or_its_time_is_over() -> None:
    clock = ManualClock()
    locks = RowLocks(clock)
    locks.hold("one", [A], seconds=10)
    locks.hold("two", [B])
    clock.advance(9.9)
    assert locks.held() == {A, B}
    clock.advance(0.1)
    assert locks.held() == {B}
    locks.release("two")
    assert locks.held() == frozenset()


def test_all_locks_can_be_given_up_at_once() -> None:
    locks = RowLocks(ManualClock())
    locks.hold("one", [A, B])
    locks.clear()
    assert not locks.held()
