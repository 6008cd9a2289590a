"""One request to an org and its answer, as they went over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """Header names of the answer are in lower case, and in ``spelled`` as they came; its body is
    decompressed."""

    method: str
    path: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes
    spelled: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The document of the body; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None
