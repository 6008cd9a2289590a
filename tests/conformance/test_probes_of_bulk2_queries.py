"""Each dialect of the queries and lists of Bulk API 2.0 is noticed by its probe alone."""

import pytest
from probing import flips_of, moved_in_area

FLIPS = [*flips_of("bulk2.query."), *flips_of("bulk2.list.")]


@pytest.mark.parametrize(("name", "value"), FLIPS)
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert moved_in_area(name, value) == [(name, value)]
