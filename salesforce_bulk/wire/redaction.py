"""Secrets taken out of texts that others wrote, in whatever way they are written there.

A page that echoes a request holds the session as it is, in an address, in markup, in JSON, in
base 64, or in several of these at once.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html.entities import codepoint2name
from typing import Any
from urllib.parse import unquote

#: What stands in the place of a secret.
REDACTED = "[secret]"
#: What stands for a text in which a secret is wrapped several times over.
WITHHELD = "[a text that holds a secret]"
#: Escapes within escapes that are looked into.
_LAYERS = 3
#: Shorter texts stand in every page.
_SHORTEST, _SHORTEST_IN_PAGES = 3, 4
#: No session of an org is shorter; no row and no name of an answer has one by chance.
_UNMISTAKABLE = 15
#: Characters of a secret in base 64 that tell it from other text.
_SHORTEST_BASE64, _SHORTEST_BASE64_IN_PAGES = 4, 6

#: The marks that begin an escape may be escaped themselves; so often at most, because a page of
#: nothing but marks would otherwise be looked at for hours.
_BACKSLASHES = r"\\{1,8}"
_PERCENT = r"%(?:25){0,3}"
_AMPERSAND = (
    r"(?:&(?:amp;){0,3}|\\{1,8}u0026(?:amp;){0,3}"
    r"|%(?:25){0,3}26(?:amp(?:;|%(?:25){0,3}3[bB])){0,3})"
)
_SEMICOLON = r"(?:;|%(?:25){0,3}3[bB])?"


class Redaction:
    """Takes secrets out of texts, bytes and exceptions.

    What is shown is cleaned of whatever may be a secret, in upper or lower case; what is read only
    of what is one beyond doubt, because a session of a program's tests may be a word.

    Args:
        secrets: Nones and texts of fewer than three characters are passed over: they would be found
            everywhere.
    """

    def __init__(self, secrets: Iterable[str | None]) -> None:
        telling = {secret for secret in secrets if secret and len(secret) >= _SHORTEST}
        # The longest first: one may be part of another.
        self._secrets = tuple(sorted(telling, key=len, reverse=True))

    def text(self, text: str) -> str:
        """A text that is shown, without the secrets."""
        if text.isascii() and not self._may_stand_in(text.encode()):
            return text
        return _without([_pattern(secret) for secret in self._secrets], text)

    def page(self, page: bytes) -> bytes:
        """The body of an error without the secrets; the same object where it has none."""
        return self._cleaned(page, _SHORTEST_IN_PAGES)

    def document(self, document: bytes) -> bytes:
        """The body of an answer that is read, without secrets that no row or name can be."""
        return self._cleaned(document, _UNMISTAKABLE)

    def header(self, value: str) -> str:
        """A header of an answer; see `document`."""
        if value.isascii() and not self._may_stand_in(value.encode()):
            return value
        return _without(self._exact(_UNMISTAKABLE), value)

    def _cleaned(self, body: bytes, shortest: int) -> bytes:
        if not self._may_stand_in(body):
            return body
        text = body.decode("latin-1")
        clean = _without(self._exact(shortest), text)
        return body if clean == text else clean.encode("latin-1")

    def _may_stand_in(self, text: bytes) -> bool:
        return any(_may_hold(text, secret) for secret in self._secrets)

    def _exact(self, shortest: int) -> list[re.Pattern[str]]:
        return [_exact_pattern(secret) for secret in self._secrets if len(secret) >= shortest]

    def error(self, error: BaseException) -> None:
        """Take the secrets out of an exception, its causes, their notes and attributes."""
        seen: set[int] = set()
        waiting: list[Any] = [error]
        while waiting:
            current = waiting.pop()
            if not isinstance(current, BaseException) or id(current) in seen:
                continue
            seen.add(id(current))
            waiting += [current.__cause__, current.__context__, getattr(current, "reason", None)]
            waiting += current.args
            current.args = tuple(map(self._value, current.args))
            for name, value in vars(current).items():
                vars(current)[name] = self._value(value)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode("latin-1")).encode("latin-1")
        if type(value) in (list, tuple):
            return type(value)(map(self._value, value))
        return value


def _without(patterns: Sequence[re.Pattern[str]], text: str) -> str:
    for pattern in patterns:
        text = pattern.sub(REDACTED, text)
    return WITHHELD if _is_within(patterns, text) else text


def _is_within(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    """Whether a secret comes to light where the text is unescaped again and again."""
    found = {text}
    for _ in range(_LAYERS):
        found = {plain for layer in found for plain in _unescaped(layer)}
        if any(pattern.search(plain) for plain in found for pattern in patterns):
            return True
    return False


@lru_cache(maxsize=64)
def _pattern(secret: str) -> re.Pattern[str]:
    return re.compile(_spellings(secret, _SHORTEST_BASE64), re.IGNORECASE)


@lru_cache(maxsize=64)
def _exact_pattern(secret: str) -> re.Pattern[str]:
    return re.compile(_spellings(secret, _SHORTEST_BASE64_IN_PAGES))


def _spellings(secret: str, shortest_base64: int) -> str:
    forms = ["".join(map(_character, secret)), *_base64_forms(secret, shortest_base64)]
    forms.append("(?i:" + secret.encode("utf-8").hex() + ")")
    return "|".join(forms)


#: One of them stands in every spelling of a character that is not the character itself.
_ESCAPES = (b"\\", b"%", b"&")
#: What may stand between the characters of base 64, and those that are written in several ways.
_PASSED_OVER = bytes(octet for octet in range(256) if chr(octet).isspace()) + b"+-_/"
#: Characters that stand in few texts by chance.
_TELLING = 6
_SMALL_LETTERS = bytes(range(256)).lower()


def _may_hold(text: bytes, secret: str) -> bool:
    """Whether the patterns of a secret may be found in a text, which is in ASCII or the body of an
    answer. To make them takes a tenth of a second, to search for them a thousand times as long as
    this; and nearly all texts of others have few escapes or none."""
    if not secret.isascii():
        return True
    escapes = sum(map(text.count, _ESCAPES))
    folded = _folded(text)
    return any(_may_be_in(folded, form, escapes) for form in _folded_forms(secret))


def _may_be_in(folded: bytes, form: bytes, escapes: int) -> bool:
    """Whether a form may stand in a text in which at most so many of its characters are escaped."""
    if not escapes:
        return form in folded
    # Of one piece more than there are escapes, one has none.
    size = len(form) // (escapes + 1)
    if size < _TELLING:
        return True
    starts = range(0, len(form) - size + 1, size)
    return any(form[start : start + size] in folded for start in starts)


@lru_cache(maxsize=64)
def _folded_forms(secret: str) -> tuple[bytes, ...]:
    octets = secret.encode()
    forms = [octets, octets.hex().encode(), *_base64_cores(octets)]
    return tuple(map(_folded, forms))


def _folded(text: bytes) -> bytes:
    return text.translate(_SMALL_LETTERS, _PASSED_OVER)


_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def _unescaped(text: str) -> set[str]:
    """The text with the escapes of JSON, of markup or of addresses taken off, where it has any."""
    plain = set()
    if "\\" in text:
        plain.add(_whole(_ESCAPED.sub(_meant, text)))
    if "&" in text:
        plain.add(html.unescape(text))
    if "%" in text:
        plain.add(unquote(text, errors="replace"))
    return plain - {text}


def _meant(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    return match[3] if digits is None else chr(int(digits, 16))


def _whole(text: str) -> str:
    # Halves of a character beyond the first 65,536 come together.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(character: str) -> str:
    """A pattern for one character in every spelling."""
    code = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    # No two of them match the same: a near miss would be tried in all combinations.
    spellings = [
        "".join(f"{_PERCENT}(?i:{octet:02x})" for octet in octets),
        "".join(rf"{_BACKSLASHES}x(?i:{octet:02x})" for octet in octets),
        rf"{_AMPERSAND}(?:\#|%(?:25){{0,3}}23)(?:0{{0,6}}{code}|[xX]0{{0,6}}(?i:{code:x})){_SEMICOLON}",
        "".join(rf"{_BACKSLASHES}u(?i:{unit})" for unit in _utf_16_units(character)),
    ]
    if 127 < code < 256:
        # As Python shows a text; the spelling above is that of its bytes.
        spellings.append(rf"{_BACKSLASHES}x(?i:{code:02x})")
    if code > 127:
        # What latin-1 makes of UTF-8.
        spellings.append(re.escape(octets.decode("latin-1")))
    if code > 0xFFFF:
        spellings.append(rf"{_BACKSLASHES}U(?i:{code:08x})")
    if character == " ":
        spellings.append(r"\+")
    if code in codepoint2name:
        spellings.append(f"{_AMPERSAND}{codepoint2name[code]}{_SEMICOLON}")
    if character == "'":
        spellings.append(f"{_AMPERSAND}apos{_SEMICOLON}")
    # Last: a percent sign or an ampersand is how its own escape begins, whose rest would stay.
    spellings.append(r"\\{0,8}" + re.escape(character))
    return f"(?:{'|'.join(spellings)})"


def _utf_16_units(character: str) -> list[str]:
    octets = character.encode("utf-16-be", "surrogatepass")
    return [octets[at : at + 2].hex() for at in range(0, len(octets), 2)]


def _base64_forms(secret: str, shortest: int) -> list[str]:
    """What base 64 makes of the secret within a longer text, by where in it the secret begins."""
    cores = _base64_cores(secret.encode("utf-8", "surrogatepass"))
    return [
        r"\s{0,4}".join(map(_base64_character, core.decode()))
        for core in cores
        if len(core) >= shortest
    ]


def _base64_cores(octets: bytes) -> list[bytes]:
    cores = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + octets)
        # The first and the last characters hold bits of what stands beside it.
        cores.append(encoded[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6])
    return cores


def _base64_character(character: str) -> str:
    other = {"+": "-", "/": "_"}.get(character)
    if other is None:
        return character
    return f"(?:{_character(character)}|{other})"
