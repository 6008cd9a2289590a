"""Readings combined by chance, the even seeds; python tests/support/dialect_table.py --random
2000 goes on."""

import pytest
from journeys import JOURNEYS, explained, journey

from salesforce_bulk.emulator.fidelity.dialect import random_dialect


@pytest.mark.parametrize("seed", range(0, 200, 2))
def test_a_journey_is_gone_in_a_random_dialect(seed):
    """Each combination goes one journey, in turn."""
    name, dialect = list(JOURNEYS)[seed % len(JOURNEYS)], random_dialect(seed).chosen
    remarks = journey(name, dialect).remarks
    assert explained(name, dialect, remarks), remarks
