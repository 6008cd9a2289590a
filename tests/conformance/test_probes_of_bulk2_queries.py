"""Each dialect of the queries and lists of Bulk API 2.0 is noticed by its probe alone."""

import pytest
from probing import differing, flips_of

FLIPS = [*flips_of("bulk2.query."), *flips_of("bulk2.list.")]


@pytest.mark.parametrize(("name", "value"), FLIPS)
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert differing({name: value}, "bulk2.") == [(name, value)]
