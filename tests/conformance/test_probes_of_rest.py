"""Each dialect of REST and of SOQL is noticed by its probe alone among its kind."""

import pytest
from probing import asked, flips_of, moved_in_area

from salesforce_bulk.conformance.run import Verdict
from salesforce_bulk.emulator.fidelity.dialect import random_dialect

AREAS = ("rest.", "soql.")


@pytest.mark.parametrize("area", AREAS)
def test_the_emulator_itself_agrees_with_every_probe(area: str) -> None:
    with asked({}, area) as (_, found):
        told = [(each.behaviour.id, each.verdict, each.reading) for each in found]
    assert told
    assert told == [(each.behaviour.id, Verdict.AGREES, each.behaviour.values[0]) for each in found]


@pytest.mark.parametrize(("name", "value"), [flip for area in AREAS for flip in flips_of(area)])
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert moved_in_area(name, value) == [(name, value)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("area", AREAS)
def test_a_reading_is_found_whatever_else_the_org_speaks(area: str, seed: int) -> None:
    dialect = random_dialect(seed)
    with asked(dialect.chosen, area) as (_, found):
        told = {each.behaviour.id: each.reading for each in found}
    assert told == {
        each.behaviour.id: dialect.chosen.get(each.behaviour.id, each.behaviour.values[0])
        for each in found
    }
