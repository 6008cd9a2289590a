"""Every journey in the readings that all APIs share, one of each area at once; each alone by
`python tests/support/dialect_table.py`."""

import pytest
from journeys import JOURNEYS, explained, journey
from probing import rounds_of_flips, subject_of

SHARED = ["http.", "version.", "rest.", "soql.", "login.", "oauth."]
ROUNDS = rounds_of_flips(SHARED, subject_of)


@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.parametrize("dialect", ROUNDS, ids=lambda flips: f"{len(flips)} flips")
def test_the_journey_is_gone_in_a_dialect(name: str, dialect: dict[str, str]) -> None:
    """Each row's outcome and each value is right, or the client says that it cannot tell."""
    remarks = journey(name, dialect).remarks
    assert explained(name, dialect, remarks), remarks
