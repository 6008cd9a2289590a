"""What the client needs to know of a SOQL text before it is sent."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[()]|\bfrom\s+(?P<object>\w+)", re.IGNORECASE | re.DOTALL)


def outer_object(soql: str) -> str | None:
    """The object of the outermost FROM; None where there is none.

    Sub-selects, semi-joins and the word "from" inside a string literal are passed over.
    """
    depth = 0
    for match in _TOKEN.finditer(soql):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
        elif match["object"] and depth == 0:
            return match["object"]
    return None
