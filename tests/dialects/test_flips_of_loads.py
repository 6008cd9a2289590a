"""Loads in every single reading of their API."""

import pytest
from journeys import explained, with_flip
from probing import flips_of

TRIPS = [
    *(("load 1.0", *flip) for flip in flips_of("bulk1.")),
    *(("load 2.0", *flip) for flip in flips_of("bulk2.")),
]


@pytest.mark.parametrize(("name", "key", "value"), TRIPS)
def test_the_journey_is_gone_in_every_dialect(name: str, key: str, value: str) -> None:
    """Each row's outcome and each value is right, or the client says that it cannot tell."""
    remarks = with_flip(name, key, value).remarks
    assert explained(name, {key: value}, remarks), remarks
