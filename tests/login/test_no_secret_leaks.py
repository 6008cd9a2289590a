"""No secret of a login is in a log, an output, an error, a traceback's locals or a pickle."""

from __future__ import annotations

import base64
import copy
import html
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from fast_clock import FastClock
from key_pair import KeyPair
from raw_server import CLOSE, RawServer, Received, envelope, http
from urllib3 import Retry

from salesforce_bulk import (
    BulkApiError,
    ClientCredentialsLogin,
    DeviceLogin,
    JwtLogin,
    PasswordLogin,
    RefreshTokenLogin,
    SalesforceBulk,
    Secret,
)
from salesforce_bulk.wire.redaction import Redaction

#: With reserved characters, with letters beyond ASCII, and plain words, short ones too.
SECRETS = ["p&s<s>\"w'o/r+d %2F=é🎈", "S3cr3t.Token!AQ_x-y", "horseradish", "kiwi"]


def spellings(secret: str) -> dict[str, str]:
    """The secret as it is, and in the encodings in which servers and tools repeat it."""
    raw = secret.encode()
    return {
        "plain": secret,
        "url": quote(secret, safe=""),
        "form": quote_plus(secret),
        "url twice": quote(quote(secret, safe=""), safe=""),
        "lower url": quote(secret, safe="").lower(),
        "xml": html.escape(secret),
        "xml twice": html.escape(html.escape(secret)),
        "numbers": "".join(f"&#{ord(c)};" for c in secret),
        "hexadecimal": "".join(f"&#x{ord(c):X};" for c in secret),
        "json": json.dumps(secret)[1:-1],
        "json in json": json.dumps(json.dumps(secret))[3:-3],
        "repr": repr(secret)[1:-1],
        "base64": base64.b64encode(raw).decode(),
        "base64 behind a name": base64.b64encode(b"name:" + raw).decode(),
        "base64 for urls": base64.urlsafe_b64encode(b"k:" + raw).decode(),
    }


def found_in(text: str, secret: str) -> list[str]:
    """The spellings of a secret that are in a text."""
    inner = base64.b64encode(secret.encode()).decode()[:-4]
    return [
        name
        for name, spelled in {**spellings(secret), "base64 within": inner}.items()
        if spelled and spelled in text
    ]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", spellings("x"))
def test_every_spelling_is_redacted(secret: str, name: str) -> None:
    """Whatever encoding repeats a secret, the rest of the text stays."""
    cleaned = Redaction([secret]).text(f"before {spellings(secret)[name]} behind")
    assert not found_in(cleaned, secret)
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" behind")


def test_a_secret_shows_nothing_and_is_written_nowhere() -> None:
    """repr, str, formats and % are masks; JSON and YAML refuse; pickles and copies keep it."""
    secret = Secret("s3cr3t")
    shown = f"{secret} {secret!r} {secret:>20} {'%s' % secret} {[secret]} {vars(Holder(secret))}"  # noqa: UP031
    assert "s3cr3t" not in shown
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        secret.__reduce_ex__(2)  # what yaml.dump asks for
    assert pickle.loads(pickle.dumps(secret)) == copy.deepcopy(secret) == secret
    assert secret != "s3cr3t"
    assert secret.reveal() == "s3cr3t"


class Holder:
    def __init__(self, secret: Secret) -> None:
        self.secret = secret


# What a login server may do with what it was sent


def _everything(request: Received) -> str:
    """All that came, in every spelling."""
    texts = [request.path, request.body.decode(), *request.headers.values()]
    return " ".join(spelled for text in texts for spelled in spellings(text).values())


def _repeated(secret: str) -> str:
    return " ".join(spellings(secret).values())


ECHOES: dict[str, Callable[[Received, str], Any]] = {
    "page": lambda request, secret: http(
        f"<html>{_everything(request)} {_repeated(secret)}</html>", 500, "text/html"
    ),
    "description": lambda request, secret: http(
        json.dumps({"error": "invalid_grant", "error_description": _repeated(secret)}),
        400,
        "application/json",
    ),
    "code": lambda request, secret: http(
        json.dumps({"error": _repeated(secret)}), 400, "application/json"
    ),
    "soap": lambda request, secret: envelope(
        f"<soapenv:Fault><faultcode>{html.escape(_repeated(secret))}</faultcode>"
        f"<faultstring>{html.escape(_repeated(secret))}</faultstring></soapenv:Fault>",
        500,
    ),
    "no json": lambda request, secret: http(f"{{{_everything(request)}", 200, "application/json"),
    "elsewhere": lambda request, secret: http(
        json.dumps(
            {
                "access_token": secret,
                "instance_url": f"https://evil.example/?{quote(secret, safe='')}",
            }
        ),
        200,
        "application/json",
    ),
    "status line": lambda _, secret: http("", f"500 {in_header(secret)}"),
    "broken status line": lambda _, secret: [f"HTTP/9.9 {secret}\r\n\r\n".encode(), CLOSE],
    "compression": lambda _, secret: http(
        "x", 200, "text/plain", headers={"Content-Encoding": in_header(secret)}
    ),
    "redirect": lambda _, secret: http(
        "", 302, headers={"Location": in_header(f"https://{secret}.evil.example/{secret}")}
    ),
    "header": lambda _, secret: [
        f"HTTP/1.1 200 OK\r\n{secret}\r\n: {secret}\r\n\r\n".encode(),
        CLOSE,
    ],
    "length": lambda _, secret: [
        f"HTTP/1.1 200 OK\r\nContent-Length: {secret}\r\n\r\n{secret}".encode(),
        CLOSE,
    ],
    "chunk": lambda _, secret: [
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{secret}\r\n".encode(),
        CLOSE,
    ],
}


def in_header(text: str) -> str:
    """As it has to be given to be sent in UTF-8."""
    return text.encode().decode("latin-1")


def logins(secret: str, url: str, keys: KeyPair) -> dict[str, Any]:
    """Each provider that calls the login server, with the secret wherever it has one."""
    return {
        "password": PasswordLogin("u@x.y", secret, "", login_url=url),
        "token": PasswordLogin("u@x.y", "plain-password-9", secret, login_url=url),
        "client credentials": ClientCredentialsLogin("key", secret, url),
        "jwt": JwtLogin("key", "u@x.y", keys.pem(), login_url=url),
        "refresh": RefreshTokenLogin("key", secret, client_secret=secret, login_url=url),
        "device": DeviceLogin("key", client_secret=secret, login_url=url, show=lambda _: None),
    }


def chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException) and current not in seen:
            seen.append(current)
            yield current
            waiting += [current.__cause__, current.__context__, *current.args]


def everything_told(error: BaseException) -> str:
    """What tools show of an error: texts, fields, notes, the locals of our frames, its pickle."""
    told: list[str] = []
    for one in chain(error):
        told += [str(one), repr(one), repr(one.args), repr(vars(one))]
        told += list(getattr(one, "__notes__", []))
        told += [str(getattr(one, "request", "")), repr(getattr(one, "request", None))]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            # The test itself knows the secret.
            if "/tests/" not in frame.f_code.co_filename:
                told += [repr(value) for value in frame.f_locals.values()]
    told.append(repr(pickle.loads(pickle.dumps(error))))
    told.append(pickle.dumps(error).decode("latin-1"))
    told.append(pickle.dumps(error).decode("utf-8", "replace"))
    return "\n".join(told)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("echo", ECHOES)
def test_a_login_server_that_repeats_everything(
    echo: str,
    secret: str,
    keys: KeyPair,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Pages, codes and descriptions that repeat the secret, in every encoding, are quoted without
    it: in no message, field, note, cause, local, pickle, log or output is it found."""

    def sent(request: Received) -> str:
        return parse_qs(request.body.decode()).get("assertion", [secret])[0]

    with RawServer(answer=lambda request: ECHOES[echo](request, sent(request))) as server:
        for name, login in logins(secret, server.url, keys).items():
            with caplog.at_level(logging.DEBUG), pytest.raises(BulkApiError) as caught:
                SalesforceBulk(login=login, clock=FastClock(), retry=Retry(0))
            known = sent(server.received[-1])
            assert not found_in(everything_told(caught.value), known), name
            assert not found_in(repr(login), known), name
            assert not found_in(caplog.text, known)
    assert not found_in("".join(capfd.readouterr()), secret)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_login_server_that_is_not_there(secret: str, keys: KeyPair) -> None:
    """The causes of a failed connection hold no request with the secret, and no frame."""
    with RawServer() as gone:
        url = gone.url
    for name, login in logins(secret, url, keys).items():
        with pytest.raises(BulkApiError) as caught:
            SalesforceBulk(login=login, clock=FastClock(), retry=Retry(0))
        assert not found_in(everything_told(caught.value), secret), name


@pytest.mark.parametrize("user", ["me:s3cr3t-horse", "s3cr3t-horse", "me:s3cr3t@horse"])
def test_a_proxy_shows_no_password(user: str, caplog: pytest.LogCaptureFixture) -> None:
    """The address of a proxy has a user and a password, which no frame and no message shows."""
    caplog.set_level(logging.DEBUG)
    with RawServer() as gone:
        proxies = {"https": f"http://{user}@127.0.0.1:{gone.port}"}
    for arguments in (
        {"username": "u", "password": "p", "security_token": "", "domain": "acme.my"},
        {"login": ClientCredentialsLogin("k", "s", "acme.my")},
    ):
        with pytest.raises(BulkApiError) as caught:
            SalesforceBulk(**arguments, proxies=proxies, clock=FastClock(), retry=Retry(0))
        assert "s3cr3t" not in everything_told(caught.value) + caplog.text
    bulk = SalesforceBulk(sessionId="s", host="acme.example", proxies=proxies, clock=FastClock())
    with pytest.raises(BulkApiError) as caught:
        bulk.job_status("750000000000001AAA")
    assert "s3cr3t" not in everything_told(caught.value) + caplog.text
    with pytest.raises(BulkApiError) as caught:
        SalesforceBulk(sessionId="s", host="acme.example", proxies=proxies, API_version="x")
    assert "s3cr3t" not in everything_told(caught.value)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_classic_arguments_are_masked_in_frames(secret: str) -> None:
    """Password, token and session of the constructor are no locals of ours when it fails."""
    with RawServer(answer=lambda r: ECHOES["soap"](r, secret)) as server:
        with pytest.raises(BulkApiError) as caught:
            SalesforceBulk(
                username="u",
                password=secret,
                security_token=secret,
                login_url=server.url,
                retry=Retry(0),
            )
        assert not found_in(everything_told(caught.value), secret)
        with pytest.raises(BulkApiError) as caught:
            SalesforceBulk.login_to_salesforce(
                "u", secret, security_token=secret, login_url=server.url
            )
        assert not found_in(everything_told(caught.value), secret)
    for arguments in ({"API_version": "bad"}, {"host": "https://?token"}, {"host": None}):
        with pytest.raises(BulkApiError) as caught:
            SalesforceBulk(**{"sessionId": secret, "host": "acme.example", **arguments})
        assert not found_in(everything_told(caught.value), secret)
