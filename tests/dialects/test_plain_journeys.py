"""The journeys themselves: in the emulator's own dialect all go to their end."""

import pytest
from journeys import JOURNEYS, plain


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_journey_goes_to_its_end(name):
    """Nothing is unknown, and nothing has to be said."""
    assert plain(name).remarks == []
