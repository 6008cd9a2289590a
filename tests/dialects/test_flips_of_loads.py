"""Every single reading that is not the emulator's own."""

import pytest
from journeys import explained, with_flip
from probing import flips_of


@pytest.mark.parametrize("name", ["load 1.0", "load 2.0"])
@pytest.mark.parametrize("flip", list(flips_of("")), ids="=".join)
def test_the_journey_is_gone_in_every_dialect(name, flip):
    """Each row's outcome and each value is right, or the client says that it cannot tell."""
    remarks = with_flip(name, *flip).remarks
    assert explained(name, dict([flip]), remarks), remarks
