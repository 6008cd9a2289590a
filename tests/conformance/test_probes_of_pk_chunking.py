"""Each dialect of PK chunking is noticed by its probe, and by no other there."""

import pytest
from probing import flips_of, moved_in_area

FLIPS = [*flips_of("bulk1.pk_chunking.")]


@pytest.mark.parametrize(("name", "value"), FLIPS)
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert moved_in_area(name, value) == [(name, value)]
