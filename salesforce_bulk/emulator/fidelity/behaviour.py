"""One thing that the emulator does as Salesforce does it, or as somebody believes that it does."""

from dataclasses import dataclass
from enum import Enum


class Grade(Enum):
    """How sure it is that a real org does the same."""

    RECORDED = "recorded"
    LIVE_TESTED = "live-tested"
    DOCUMENTED = "documented"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way in which a behaviour may be meant.

    Args:
        value: its name in a dialect; where it is an answer's status and code, or a header, that
            itself, such as ``400 InvalidBatch``.
        source: who says so, or which client allows for it; empty for what nobody has said.
    """

    value: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A row of FIDELITY.md.

    Args:
        id: area, resource and subject, such as ``bulk1.query.content_type``.
        title: what it is about, in Markdown.
        does: what the emulator does, in Markdown.
        source: the short names of the sources; a dash where there is none.
        grade: None for what Salesforce has nothing of.
        routes: the names of the routes that it concerns, with ``*``; none for what is of no route.
        texts: the error texts that it is about, with ``{}`` where something is put in.
        faults: the kinds of faults that it is about.
        tests: the tests that show it, as pytest is given them.
        readings: what the emulator does first, then the others that a dialect may choose.
    """

    id: str
    title: str
    does: str
    source: str
    grade: Grade | None
    routes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The names of its readings."""
        return tuple(reading.value for reading in self.readings)


@dataclass(frozen=True, slots=True)
class Area:
    """The behaviours of one part of the protocols, and a note that stands above them."""

    title: str
    behaviours: tuple[Behaviour, ...]
    note: str = ""
