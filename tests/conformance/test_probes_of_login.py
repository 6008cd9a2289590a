"""Each dialect of the area is noticed by its probe, and by no other."""

import pytest
from probing import findings_of, flips_of

from salesforce_bulk.conformance.run import Verdict


def test_the_plain_emulator_agrees_with_every_probe_of_the_area() -> None:
    asked = [each for each in findings_of({}) if each.behaviour.id.startswith("login.")]
    assert len(asked) > 10
    assert [each for each in asked if each.verdict is not Verdict.AGREES] == []


@pytest.mark.parametrize(("name", "value"), list(flips_of("login.")))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    found = findings_of({name: value})
    differing = [
        (each.behaviour.id, each.reading) for each in found if each.verdict is not Verdict.AGREES
    ]
    assert differing == [(name, value)]
