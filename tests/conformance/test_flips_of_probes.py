"""Each reading that the emulator can follow is noticed by its probe, and by no other."""

import pytest
from probing import area_of, differing, flips_of, rounds_of_flips

ROUNDS = rounds_of_flips([""], area_of)


@pytest.mark.parametrize("dialect", ROUNDS, ids=lambda dialect: f"{len(dialect)} flips")
def test_a_flip_is_noticed_by_exactly_its_probe(dialect: dict[str, str]) -> None:
    assert dict(differing(dialect)) == dialect


def test_no_reading_is_left_out_of_the_rounds() -> None:
    assert sorted(each for dialect in ROUNDS for each in dialect.items()) == sorted(flips_of(""))
