"""Each dialect of the ingest jobs of Bulk API 2.0 is noticed by its probe alone."""

import pytest
from probing import flips_of, moved_in_area

FLIPS = list(flips_of("bulk2.ingest."))


@pytest.mark.parametrize(("name", "value"), FLIPS)
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert moved_in_area(name, value) == [(name, value)]
