"""Each dialect of the rows of Bulk API 1.0 is noticed by its probe, and by no other."""

import pytest
from probing import differing, flips_of

FLIPS = [
    flip for prefix in ("bulk1.row.", "bulk1.spec.", "bulk1.zip.") for flip in flips_of(prefix)
]


@pytest.mark.parametrize(("name", "value"), FLIPS)
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert differing({name: value}) == [(name, value)]
