"""A text that is shown nowhere: a password, a token, a private key."""

from __future__ import annotations

import hmac
from typing import Any

_MASK = "********"
#: The oldest protocol that pickles of today use; serialisers such as YAML ask for an older one.
_FIRST_PICKLE_PROTOCOL = 3


class Secret:
    """A text whose `repr`, `str` and format are a mask.

    It is no `str`: `json.dumps` refuses it, and so do YAML's dumpers. It may be compared,
    pickled and copied; who needs the text asks for it by `reveal`.

    Args:
        text: the secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"A secret is a text, not {type(text).__name__}.")
        self._text = text

    @staticmethod
    def of(value: str | Secret | None) -> Secret | None:
        """``value`` as a secret; None stays None."""
        return value if value is None or isinstance(value, Secret) else Secret(value)

    def reveal(self) -> str:
        """The text."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_encoded(self), _encoded(other))

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return f"Secret('{_MASK}')"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if protocol < _FIRST_PICKLE_PROTOCOL:
            raise TypeError("A secret is not written into documents.")
        return Secret, (self._text,)


Secret.__module__ = "salesforce_bulk"


def _encoded(secret: Secret) -> bytes:
    # Surrogates too: what came from a file or the environment may hold any bytes.
    return secret.reveal().encode("utf-8", "surrogatepass")
