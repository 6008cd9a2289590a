"""Which reading of each behaviour an org follows."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from random import Random

from salesforce_bulk.emulator.fidelity.behaviour import Behaviour
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS

#: The behaviours that have another reading, by their ids.
CHOICES: Mapping[str, Behaviour] = {
    name: each for name, each in BEHAVIOURS.items() if len(each.readings) > 1
}


class Dialect(Mapping[str, str]):
    """The reading of each behaviour that has several: those given, else what the emulator does by
    itself.

    Raises ValueError for a behaviour or a reading that there is not.
    """

    def __init__(self, readings: Mapping[str, str] | None = None) -> None:
        self._chosen = {
            name: value for name, value in (readings or {}).items() if _differs(name, value)
        }
        #: The behaviours that the org has come to so far; the others cannot have mattered.
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._chosen.get(name) or CHOICES[name].values[0]

    def __iter__(self) -> Iterator[str]:
        return iter(CHOICES)

    def __len__(self) -> int:
        return len(CHOICES)

    def __repr__(self) -> str:
        return f"Dialect({self._chosen})"

    @property
    def chosen(self) -> Mapping[str, str]:
        """The readings that differ from the emulator's own."""
        self.asked.update(CHOICES)
        return self._chosen

    def differs(self, beginnings: tuple[str, ...]) -> bool:
        """Whether a behaviour that begins so is another than the emulator's own."""
        names = {name for name in CHOICES if name.startswith(beginnings)}
        self.asked |= names
        return not names.isdisjoint(self._chosen)

    def refusal(self, name: str) -> tuple[int, str]:
        """Status and code of a refusal whose readings are both, such as ``400 InvalidBatch``."""
        status, _, code = self[name].partition(" ")
        return int(status), code


#: The emulator's own readings.
PLAIN = Dialect()


def random_dialect(seed: int) -> Dialect:
    """A reading of each behaviour by chance; the same seed gives the same."""
    choose = Random(f"dialect {seed}").choice  # noqa: S311  # nosec B311 # to be repeated, not secret
    return Dialect({name: choose(each.values) for name, each in CHOICES.items()})


def _differs(name: str, value: str) -> bool:
    behaviour = CHOICES.get(name)
    if behaviour is None:
        near = get_close_matches(name, CHOICES, 1)
        hint = f"; do you mean {near[0]}?" if near else ""
        raise ValueError(f"{name} has no other reading{hint}")
    if value not in behaviour.values:
        raise ValueError(f"{name} is one of {', '.join(behaviour.values)}, not {value}")
    return value != behaviour.values[0]
