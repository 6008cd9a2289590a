"""Each dialect of the results of Bulk API 2.0 is noticed by its probe, and by no other."""

import pytest
from probing import differing, flips_of

PREFIX = "bulk2.result."


def test_the_emulator_agrees_with_every_probe() -> None:
    assert differing({}) == []


@pytest.mark.parametrize(("name", "value"), list(flips_of(PREFIX)))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert differing({name: value}) == [(name, value)]
