"""Record ids: 15 characters, 18 with their check characters, and where new ones come from.

Source: *Object Reference*, "ID Field Type"; the check characters let systems that ignore
letter case tell two ids apart.
"""

import re
import string
from functools import cache

#: Base 62 in ASCII order, so that ids sort as text in the order of their creation.
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
CHECK_CHARACTERS = string.ascii_uppercase + "012345"
#: Characters of an id that count records; the rest is key prefix and pod.
COUNTER_WIDTH = 9
#: "No record", as some answers print it.
NO_ID = "000000000000000AAA"

_BASE = len(DIGITS)
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")
_ID_ANY_CASE = re.compile(r"[0-9A-Za-z]{15}[A-Za-z0-5]{3}")


#: A letter that is upper case counts as the bit 1.
_UPPER = str.maketrans(
    dict.fromkeys(string.ascii_uppercase, "1")
    | dict.fromkeys(string.digits + string.ascii_lowercase, "0")
)


def _upper_bits(text: str) -> int:
    """The upper-case pattern of a text, its first character being bit 0."""
    return int(text.translate(_UPPER)[::-1], 2)


#: The check character of each upper-case pattern of five characters, first character first.
_CHECKS = {f"{bits:05b}"[::-1]: CHECK_CHARACTERS[bits] for bits in range(32)}


def check_characters(id15: str) -> str:
    """The three characters that make an 18-character id of a 15-character one."""
    pattern = id15.translate(_UPPER)
    return _CHECKS[pattern[:5]] + _CHECKS[pattern[5:10]] + _CHECKS[pattern[10:15]]


def to_18(text: str) -> str | None:
    """The 18-character form of an id of 15 or 18 characters; None when it is no id.

    An 18-character id whose letter case was lost is restored from its check characters.
    """
    if _ID.fullmatch(text):
        if len(text) == 15:
            return text + check_characters(text)
        if check_characters(text[:15]) == text[15:]:
            return text
    if _ID_ANY_CASE.fullmatch(text) and (text.isupper() or text.islower()):
        return _restore_case(text[:15], text[15:].upper())
    return None


def _restore_case(id15: str, checks: str) -> str | None:
    upper = [CHECK_CHARACTERS.index(checks[at // 5]) >> at % 5 & 1 for at in range(15)]
    restored = "".join(c.upper() if up else c.lower() for c, up in zip(id15, upper, strict=True))
    return restored + checks if check_characters(restored) == checks else None


def base62(number: int, width: int) -> str:
    """`number` in base 62, padded with zeros to `width` characters."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, _BASE)
        digits.append(DIGITS[digit])
    if number:
        raise OverflowError(f"more than {width} base-62 digits")
    return "".join(reversed(digits))


def from_base62(text: str) -> int:
    """The number that `text` is in base 62."""
    number = 0
    for letter in text:
        number = number * _BASE + DIGITS.index(letter)
    return number


@cache
def _endings(pattern: int) -> tuple[tuple[str, str], ...]:
    """Every ending of two characters with the check character of its group of five, of which
    `pattern` is the upper-case pattern of the first three."""
    pairs = (first + second for first in DIGITS for second in DIGITS)
    return tuple((pair, CHECK_CHARACTERS[pattern | _upper_bits(pair) << 3]) for pair in pairs)


def id_block(head: str, first: int, count: int) -> list[str]:
    """18-character ids of the counters `first` ... `first + count - 1`.

    `head` is the key prefix and the pod, six characters. Two characters of each id come out
    of a table, because a load asks for ids by the ten thousand.
    """
    ids: list[str] = []
    number, end = first, first + count
    while number < end:
        block, low = divmod(number, _BASE * _BASE)
        take = min(end - number, _BASE * _BASE - low)
        start = head + base62(block, COUNTER_WIDTH - 2)
        checks = check_characters(start.ljust(15, "0"))[:2]
        endings = _endings(_upper_bits(start[10:13]))[low : low + take]
        ids += [f"{start}{pair}{checks}{check}" for pair, check in endings]
        number += take
    return ids


class IdFactory:
    """Makes the ids of one org.

    Args:
        seed: orgs of different seeds have different pods in their ids.
    """

    def __init__(self, seed: int = 0) -> None:
        self.pod = base62(_BASE * 5 + 42 + seed * 97 % (_BASE * 50), 2) + "0"

    def block(self, key_prefix: str, first: int, count: int) -> list[str]:
        """`count` consecutive ids of an object, beginning with counter `first`."""
        return id_block(key_prefix + self.pod, first, count)

    def one(self, key_prefix: str, counter: int) -> str:
        """The id of an object's counter."""
        return self.block(key_prefix, counter, 1)[0]

    @staticmethod
    def counter(record_id: str) -> int:
        """The counter within an id of 15 or 18 characters."""
        return from_base62(record_id[15 - COUNTER_WIDTH : 15])
