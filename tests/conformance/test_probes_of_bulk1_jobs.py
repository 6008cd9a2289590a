"""Each dialect of the jobs of Bulk API 1.0 is noticed by its probe, and by no other."""

import pytest
from probing import findings_of, flips_of

from salesforce_bulk.conformance.run import Verdict


@pytest.mark.parametrize(("name", "value"), list(flips_of("bulk1.job.")))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    found = findings_of({name: value})
    differing = [
        (each.behaviour.id, each.reading) for each in found if each.verdict is not Verdict.AGREES
    ]
    assert differing == [(name, value)]
