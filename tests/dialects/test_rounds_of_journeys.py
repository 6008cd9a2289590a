"""Every journey in the readings that all APIs share, one of each subject at once, and runs that are
killed and go on in those of both APIs; each alone by `python tests/support/dialect_table.py`."""

import pytest
from journeys import JOURNEYS, explained, journey
from probing import rounds_of_flips, subject_of

SHARED = ["http.", "version.", "rest.", "soql.", "login.", "oauth."]
TRIPS = [
    *((name, flips) for name in JOURNEYS for flips in rounds_of_flips(SHARED, subject_of)),
    *(("resume", flips) for flips in rounds_of_flips(["bulk1.", "bulk2."], subject_of)),
]


@pytest.mark.parametrize(
    ("name", "dialect"), TRIPS, ids=[f"{name}-{len(flips)} flips" for name, flips in TRIPS]
)
def test_the_journey_is_gone_in_a_dialect(name: str, dialect: dict[str, str]) -> None:
    """Each row's outcome and each value is right, or the client says that it cannot tell."""
    remarks = journey(name, dialect).remarks
    assert explained(name, dialect, remarks), remarks
