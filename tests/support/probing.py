"""ProbeProgress an emulator with every probe."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest

from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.probe import HIDDEN
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Finding, Verdict, run_probes
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator.fidelity.dialect import CHOICES


@contextmanager
def asked(
    dialect: Mapping[str, str], prefix: str = ""
) -> Iterator[tuple[TargetOrg, list[Finding]]]:
    """An emulator that speaks a dialect, and what the probes of behaviours find that begin so."""
    chosen = [probe for probe in PROBES if probe.behaviour.startswith(prefix)]
    with emulated_org(dialect) as org:
        yield org, list(run_probes(org, chosen, write=True))


def findings_of(dialect: Mapping[str, str]) -> list[Finding]:
    """What all probes find in an org that speaks a dialect."""
    with asked(dialect) as (_, findings):
        return findings


def differing(dialect: Mapping[str, str], prefix: str = "") -> list[tuple[str, str]]:
    """What the probes find that do not agree, in an org that speaks a dialect; the probes of
    behaviours that begin so."""
    with asked(dialect, prefix) as (_, found):
        pass
    return moved(found)


def moved(found: Sequence[Finding]) -> list[tuple[str, str]]:
    """Those that do not agree; one of which nothing is to be seen has not moved."""
    return [
        (each.behaviour.id, each.reading)
        for each in found
        if each.verdict is not Verdict.AGREES and not is_hidden(each)
    ]


def is_hidden(found: Finding) -> bool:
    """Whether what the org does otherwise leaves nothing to be seen of it."""
    return found.verdict is Verdict.NOT_ASKED and found.reading.startswith(HIDDEN)


def moved_in_area(name: str, value: str) -> list[tuple[str, str]]:
    """As `differing`, of the probes alone whose behaviours begin as this one does."""
    with asked({name: value}, f"{name.rpartition('.')[0]}.") as (_, found):
        pass
    return moved(found)


def flips_of(prefix: str) -> Iterator[tuple[str, str]]:
    """Every reading that is not the emulator's own, of the behaviours that begin so."""
    for name, behaviour in CHOICES.items():
        if name.startswith(prefix):
            for value in behaviour.values[1:]:
                yield name, value


def area_of(name: str) -> str:
    """Of the id of a behaviour: the part of the protocols that its probes look at."""
    return ".".join(name.split(".")[: 2 if name.startswith("bulk") else 1])


def subject_of(name: str) -> str:
    """Of the id of a behaviour: all but its last word."""
    return name.rpartition(".")[0]


def rounds_of_flips(prefixes: Sequence[str], kind_of: Callable[[str], str]) -> list[dict[str, str]]:
    """Every reading that is not the emulator's own, of the behaviours that begin so, each in one
    dialect with one of every other kind: what each flip shows by itself, `every_flip.py` shows in
    eight times the time."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for prefix in prefixes:
        for name, value in flips_of(prefix):
            kinds.setdefault(kind_of(name), []).append((name, value))
    return [dict(filter(None, each)) for each in zip_longest(*kinds.values())]
