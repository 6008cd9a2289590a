"""Each dialect of the area is noticed by its probe alone among its kind."""

import pytest
from probing import asked, flips_of, moved_in_area

from salesforce_bulk.conformance.run import Verdict


def test_the_plain_emulator_agrees_with_every_probe_of_the_area() -> None:
    with asked({}, "oauth.") as (_, found):
        assert len(found) > 10
        assert [each for each in found if each.verdict is not Verdict.AGREES] == []


@pytest.mark.parametrize(("name", "value"), list(flips_of("oauth.")))
def test_a_flip_is_noticed_by_exactly_its_probe(name: str, value: str) -> None:
    assert moved_in_area(name, value) == [(name, value)]
