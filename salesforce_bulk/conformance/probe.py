"""What asks an org about one behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesforce_bulk.conformance.target_org import TargetOrg


#: With which the reason begins that nothing is to be seen of a behaviour.
HIDDEN = "in this org nothing is to be seen of it"


class NotAsked(Exception):
    """The org cannot be asked: a permission, an edition or a limit forbids it. The message is what
    a person can do about it."""


class Hidden(NotAsked):
    """What the org does otherwise leaves nothing to be seen of the behaviour. The message is what
    that is."""

    def __str__(self) -> str:
        return f"{HIDDEN}: {super().__str__()}"


@dataclass(frozen=True)
class Probe:
    """Args:
    behaviour: the id of the behaviour that it asks about.
    ask: makes the calls; returns the reading that the org follows, by its value in the dialect,
        or in a few words what it does instead. Raises NotAsked.
    writes: it makes records.
    """

    behaviour: str
    ask: Callable[[TargetOrg], str]
    writes: bool = False
