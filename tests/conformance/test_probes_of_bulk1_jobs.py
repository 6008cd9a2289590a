"""Each dialect of the jobs of Bulk API 1.0 is noticed by its probe alone among its kind."""

import pytest
from probing import flips_of, moved_in_area


@pytest.mark.parametrize(("name", "value"), list(flips_of("bulk1.job.")))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert moved_in_area(name, value) == [(name, value)]
