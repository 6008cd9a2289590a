"""Each dialect of PK chunking is noticed by its probe, and by no other."""

import pytest
from probing import differing, flips_of

PREFIX = "bulk1.pk_chunking."


@pytest.mark.parametrize(("name", "value"), list(flips_of(PREFIX)))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert differing({name: value}) == [(name, value)]
