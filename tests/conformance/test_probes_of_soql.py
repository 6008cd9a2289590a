"""Each dialect of SOQL is noticed by its probe, and by no other."""

import pytest
from probing import findings_of, flips_of

from salesforce_bulk.conformance.run import Verdict
from salesforce_bulk.emulator.fidelity.soql import AREA


def test_the_emulator_itself_agrees_with_every_probe_of_soql() -> None:
    ids = {each.id for each in AREA.behaviours}
    found = {each.behaviour.id: each for each in findings_of({}) if each.behaviour.id in ids}
    assert {name: (each.verdict, each.reading) for name, each in found.items()} == {
        name: (Verdict.AGREES, each.behaviour.values[0]) for name, each in found.items()
    }


@pytest.mark.parametrize(("name", "value"), list(flips_of("soql.")))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    found = findings_of({name: value})
    differing = [
        (each.behaviour.id, each.reading) for each in found if each.verdict is not Verdict.AGREES
    ]
    assert differing == [(name, value)]
