"""A secret is taken out of a text however it is written there."""

from __future__ import annotations

import base64
import html
import json
import pickle
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from salesforce_bulk.errors import UnexpectedResponse
from salesforce_bulk.wire.redaction import REDACTED, WITHHELD, Redaction

SESSION = "00D000000000001!AQ.s+e/c=r_e-t~Session&<\"'>%\\x"

TOKEN = "00D5e000000A1bC!AQcAQH0dMHZfz972Szmpkb58urFRkgeBGsxL_QJWwYMfAbUeeG7c1E6LYUfiDUkWe6H34r1"

Encoding = Callable[[str], str]

ENCODINGS: dict[str, Encoding] = {
    "plain": lambda text: text,
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL, some characters safe": lambda text: urllib.parse.quote(text, safe="!/=+&'~"),
    "form": urllib.parse.quote_plus,
    "URL, small letters": lambda text: "".join(
        f"%{octet:02x}" if octet > 127 or not chr(octet).isalnum() else chr(octet)
        for octet in text.encode()
    ),
    "XML": html.escape,
    "XML, numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "XML, hexadecimal": lambda text: "".join(f"&#x{ord(c):04X};" for c in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, all escaped": lambda text: "".join(
        f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H").tolist()
    ),
    "JSON, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "hexadecimal": lambda text: text.encode().hex().upper(),
    "latin-1": lambda text: text.encode().decode("latin-1"),
}
SECRETS = st.text(
    st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
    min_size=6, max_size=16,
)  # fmt: skip


#: Those that are written within one another; nobody writes hexadecimal digits of digits.
NESTED = sorted(ENCODINGS.keys() - {"hexadecimal", "latin-1"})


@pytest.mark.parametrize("outer", NESTED)
@pytest.mark.parametrize("inner", NESTED)
def test_a_session_is_found_in_one_encoding_in_another(inner: str, outer: str) -> None:
    """Two encodings, one in the other, as a log shipper makes them."""
    echoed = ENCODINGS[outer](ENCODINGS[inner](SESSION))
    text = Redaction([SESSION]).text(f"before {echoed} after")
    assert text in (f"before {REDACTED} after", WITHHELD)


@settings(max_examples=200)
@given(st.data())
def test_a_session_is_found_with_a_few_characters_escaped(data: st.DataObject) -> None:
    """Bodies with few escapes are looked through by pieces: no place of an escape hides one."""
    some = st.lists(st.integers(0, len(TOKEN) - 1), max_size=9, unique=True)
    in_steps = st.builds(range, st.integers(0, 40), st.just(len(TOKEN)), st.integers(8, 50))
    places = data.draw(some | in_steps)
    escape = data.draw(st.sampled_from(["%{:02X}", "&#{};", "\\u{:04x}", "%25{:02x}", "&amp;#{};"]))
    form = data.draw(
        st.sampled_from([TOKEN, TOKEN.encode().hex(), base64.b64encode(TOKEN.encode()).decode()])
    )
    echoed = "".join(
        escape.format(ord(character)) if place in places else character
        for place, character in enumerate(form)
    )
    clean = Redaction([TOKEN]).document(f"<{echoed}>".encode())
    # The first part of an escape may stay, as in %3[secret].
    assert len(clean) <= len(WITHHELD)


@settings(max_examples=40)
@given(SECRETS, st.sampled_from(sorted(ENCODINGS)))
def test_any_secret_is_found_in_any_encoding(secret: str, encoding: str) -> None:
    """Reserved characters, other alphabets, emoji: nothing of the secret stays."""
    assume(REDACTED not in secret)
    echoed = ENCODINGS[encoding](secret)
    assert Redaction([secret]).text(f"<{echoed}>") == f"<{REDACTED}>"


@settings(max_examples=40)
@given(SECRETS, st.binary(max_size=40), st.binary(max_size=40))
def test_any_secret_is_found_in_base_64(secret: str, before: bytes, after: bytes) -> None:
    """A request's headers in base 64 hold the session at any of three offsets."""
    whole = base64.b64encode(before + secret.encode() + after).decode()
    for echoed in (whole, whole.replace("+", "-").replace("/", "_"), urllib.parse.quote(whole)):
        clean = Redaction([secret]).text(echoed)
        assert REDACTED in clean
        assert len(clean) < len(echoed) - len(secret) // 2 + len(REDACTED)


@given(st.text(max_size=200))
def test_other_texts_stay_as_they_are(text: str) -> None:
    """Nothing else is taken out."""
    assume(SESSION not in text)
    assert Redaction([SESSION]).text(text) == text
    assert Redaction([None, "", "abc"]).text(text) == text


@given(st.binary(max_size=200))
def test_other_bodies_stay_as_they_are(body: bytes) -> None:
    """Whatever its encoding, a body without the secret is the same object."""
    assert Redaction([SESSION]).page(body) is body


LETTER_CASES: tuple[Encoding, ...] = (str, str.upper, str.lower)
WRAPPED: dict[str, Encoding] = {
    "base 64": lambda text: base64.b64encode(text.encode()).decode(),
    "base 64 of addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base 64 in lines": lambda text: " \r\n\x85".join(base64.b64encode(text.encode()).decode()),
    **ENCODINGS,
}


@settings(max_examples=300)
@given(
    st.text(st.sampled_from("aB1 ~?>~?>~?>"), min_size=6, max_size=20)
    | st.text(st.sampled_from("abAB019+-_/!= ~\\%&é"), min_size=4, max_size=20),
    st.lists(st.sampled_from(sorted(WRAPPED)), max_size=3),
    st.sampled_from(LETTER_CASES),
    st.sampled_from([b"", b"a", b"+", b" ", b"\n", b"&", b"\xc3"]),
)
def test_a_body_is_cleaned_as_a_text_that_is_shown(
    secret: str, encodings: list[str], letter_case: Encoding, between: bytes
) -> None:
    """What lets most bodies pass without a search finds whatever the search would find."""
    echoes = [letter_case(WRAPPED[name](secret)) for name in encodings]
    body = between.join(echo.encode("utf-8") for echo in echoes)
    searched = Redaction([secret]).page(b"&" + body)
    assert Redaction([secret]).page(body) == searched.removeprefix(b"&")


def test_the_longest_secret_goes_first() -> None:
    """A secret that is part of another one leaves no rest."""
    assert Redaction(["pass", "password"]).text("password pass") == f"{REDACTED} {REDACTED}"


def test_an_error_is_clean_with_all_that_hangs_on_it() -> None:
    """Arguments, attributes, notes, causes and contexts, and what is pickled."""
    inner = ValueError("status line", f"HTTP/1.1 500 {SESSION}".encode(), [SESSION])
    error = UnexpectedResponse(f"it says {SESSION}", error_message=SESSION)
    error.__cause__ = inner
    error.__notes__ = [f"note {SESSION}"]
    Redaction([SESSION]).error(error)
    told = [*error.args, *inner.args, vars(error), str(error), repr(inner), error.__notes__]
    assert SESSION not in repr(told)
    assert SESSION.encode() not in pickle.dumps(error)
    assert error.error_message == REDACTED
