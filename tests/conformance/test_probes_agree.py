"""The emulator does by itself what its own table says first: every probe that asks agrees."""

from probing import findings_of

from salesforce_bulk.conformance.run import Verdict


def test_all_probes_agree_with_the_emulator_as_it_is() -> None:
    found = findings_of({})
    differing = [
        (each.behaviour.id, each.reading) for each in found if each.verdict is not Verdict.AGREES
    ]
    assert differing == []
