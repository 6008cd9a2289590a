"""A text that is shown nowhere: a password, a token, a private key."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable
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


def redacted(text: str, secrets: Iterable[str | Secret | None], mask: str = "[secret]") -> str:
    """A foreign text without the secrets that it repeats, in whatever case.

    Found is each secret as it is, and with any of its characters escaped: for URLs (also twice),
    XML, JSON and Python; and in base64, also within a longer text.

    Args:
        text: what a server, a program or a file said.
        secrets: what must not be seen; None and empty ones are passed over.
        mask: what stands in their place.
    """
    plain = {secret.reveal() if isinstance(secret, Secret) else secret for secret in secrets}
    # The longest first: a password with its token behind it is one text.
    for secret in sorted(filter(None, plain), key=len, reverse=True):
        text = re.sub(_any_spelling(secret), lambda _: mask, text, flags=re.IGNORECASE)
    return text


def _any_spelling(secret: str) -> str:
    return "|".join(["".join(map(_escapes, secret)), *map(re.escape, _in_base64(secret))])


def _escapes(character: str) -> str:
    """A pattern for one character, plain or escaped."""
    encoded = character.encode("utf-8", "surrogatepass")
    number = ord(character)
    units = character.encode("utf-16-be", "surrogatepass")
    json_units = [f"{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)]
    forms = [
        re.escape(character),
        "".join(f"%(?:25)*{byte:02x}" for byte in encoded),
        f"&(?:amp;)*#0*{number};",
        f"&(?:amp;)*#x0*{number:x};",
        "".join(rf"\\+u{unit}" for unit in json_units),
        "".join(rf"\\+x{byte:02x}" for byte in encoded),
        rf"\\+{re.escape(_SHORT_ESCAPES.get(character, character))}",
    ]
    if character in _ENTITIES:
        forms.append(f"&(?:amp;)*{_ENTITIES[character]};")
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
#: Fewer characters of base64 than this stand in many texts by chance.
_BASE64_CHARACTERS = 8


def _in_base64(secret: str) -> list[str]:
    """What shows of a secret in base64, wherever in the encoded text it begins."""
    encoded = secret.encode("utf-8", "surrogatepass")
    whole = base64.b64encode(encoded).decode().rstrip("=")
    found = {whole}
    for shift in range(3):
        padded = base64.b64encode(bytes(shift) + encoded)
        # Characters at the ends hold bits of the neighbours.
        first = -(-8 * shift // 6)
        last = 8 * (shift + len(encoded)) // 6
        found.add(padded[first:last].decode())
    long = {text for text in found if len(text) >= _BASE64_CHARACTERS}
    return sorted(
        {*long, *(text.translate(str.maketrans("+/", "-_")) for text in long)},
        key=len,
        reverse=True,
    )
