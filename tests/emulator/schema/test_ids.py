import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.schema.ids import (
    DIGITS,
    IdFactory,
    base62,
    check_characters,
    from_base62,
    id_block,
    to_18,
)

#: Recorded in answers of live orgs.
RECORDED = [
    ("0018c00002FInbo", "AAD"),
    ("7506g00000DhRA2", "AAN"),
    ("750R0000000zlh9", "IAA"),
    ("001D000000Kv3g5", "IAB"),
    ("0057e00000RmwSW", "AAZ"),
]
ids15 = st.text(alphabet=DIGITS, min_size=15, max_size=15)


@pytest.mark.parametrize(("id15", "checks"), RECORDED)
def test_check_characters_are_those_of_recorded_ids(id15: str, checks: str) -> None:
    assert check_characters(id15) == checks
    assert to_18(id15) == id15 + checks
    assert to_18(id15 + checks) == id15 + checks


@given(ids15)
def test_an_id_that_lost_its_letter_case_is_restored_from_its_check_characters(id15: str) -> None:
    whole = id15 + check_characters(id15)
    assert to_18(whole.upper()) == whole
    assert to_18(whole.lower()) == whole


@given(ids15, st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"))
def test_wrong_check_characters_make_no_id(id15: str, wrong: str) -> None:
    checks = check_characters(id15)
    mixed = any(c.isupper() for c in id15) and any(c.islower() for c in id15)
    if mixed and wrong != checks[0]:
        assert to_18(id15 + wrong + checks[1:]) is None


@pytest.mark.parametrize(
    "text", ["", "abc", "0018c00002FInb", "0018c00002FInboAA", "0018c00002FInb!", "x" * 19]
)
def test_other_text_is_no_id(text: str) -> None:
    assert to_18(text) is None


@pytest.mark.parametrize("text", ["000000000000000BAA", "0018C00002FINBO" + "5AA"])
def test_a_digit_that_should_be_an_upper_case_letter_makes_no_id(text: str) -> None:
    assert to_18(text) is None


@given(st.integers(0, 62**9 - 1))
def test_base_62_is_read_back(number: int) -> None:
    assert from_base62(base62(number, 9)) == number


def test_a_number_too_big_for_its_width_is_refused() -> None:
    with pytest.raises(OverflowError):
        base62(62, 1)


@given(st.integers(0, 62**6), st.integers(1, 8000))
def test_a_block_of_ids_is_what_single_ids_are(first: int, count: int) -> None:
    ids = id_block("0015g0", first, count)
    assert len(ids) == count
    assert ids[0] == to_18("0015g0" + base62(first, 9))
    assert ids[-1] == to_18("0015g0" + base62(first + count - 1, 9))


def test_ids_sort_as_text_in_the_order_of_their_creation() -> None:
    ids = IdFactory().block("001", 0, 10_000)
    assert ids == sorted(ids)
    assert len(set(ids)) == 10_000
    assert [IdFactory.counter(record_id) for record_id in ids] == list(range(10_000))


def test_the_seed_decides_the_ids() -> None:
    assert IdFactory(1).one("001", 5) == IdFactory(1).one("001", 5)
    assert IdFactory(1).one("001", 5) != IdFactory(2).one("001", 5)
