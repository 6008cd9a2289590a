"""The calls of 2.2.0 and logins in every single reading of theirs."""

import pytest
from journeys import explained, with_flip
from probing import flips_of

TRIPS = [
    *(("classic", *flip) for flip in flips_of("bulk1.")),
    *(("login", *flip) for area in ("login.", "oauth.") for flip in flips_of(area)),
]


@pytest.mark.parametrize(("name", "key", "value"), TRIPS)
def test_the_journey_is_gone_in_every_dialect(name: str, key: str, value: str) -> None:
    """Each row's outcome and each value is right, or the client says that it cannot tell."""
    remarks = with_flip(name, key, value).remarks
    assert explained(name, {key: value}, remarks), remarks
