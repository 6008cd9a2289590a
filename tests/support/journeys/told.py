"""Where the client has to say that it cannot tell, or cannot go on: the reading, the journey, and
why nothing better can be done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: (behaviour, reading, journey): why.
TOLD: Mapping[tuple[str, str, str], str] = MappingProxyType({})


def may_be_told(name: str, dialect: Mapping[str, str]) -> bool:
    """Whether the client may say so on this journey in an org that speaks so."""
    return any((each, value, name) in TOLD for each, value in dialect.items())
