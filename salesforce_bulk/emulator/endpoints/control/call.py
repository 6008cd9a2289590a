"""A request to the control API, as its handlers get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from salesforce_bulk.emulator.endpoints.rest.body import JsonBody
from salesforce_bulk.emulator.http.routes import ApiError

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ControlCall:
    """``parameters`` are those of the path, ``query`` those behind it."""

    parameters: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: JsonBody | None

    def __getitem__(self, name: str) -> str:
        return self.parameters[name]

    def text(self, name: str, default: str = "") -> str:
        """A parameter of the query string."""
        return self.query.get(name, [default])[0]

    def flag(self, name: str) -> bool:
        return self.text(name) == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """A parameter that counts something. Raises ApiError."""
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise ApiError(400, "", f"{name} has to be a number")
        return min(int(text), most)

    def last(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """The last of them, as many as ``last`` says, or all."""
        count = self.number("last", len(items), len(items))
        return items[len(items) - count :]

    def document(self) -> dict[str, Any]:
        """The body, a JSON object. Raises ApiError."""
        return self.body.as_object() if self.body else {}

    def fields(self, known: frozenset[str], needed: str = "") -> dict[str, Any]:
        """The fields of the body, each of them known. Raises ApiError."""
        document = self.document()
        unknown = sorted(set(document) - known)
        if unknown:
            raise ApiError(
                400, "", f"{unknown[0]} is unknown here; there are {', '.join(sorted(known))}"
            )
        if needed and needed not in document:
            raise ApiError(400, "", f"{needed} has to be given")
        return document


ControlHandler = Callable[[ControlCall], Any]
#: Patterns of paths below the version's, and what is done for each method.
ControlRoutes = Mapping[str, Mapping[str, ControlHandler]]
