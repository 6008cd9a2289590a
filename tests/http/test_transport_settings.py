"""Certificates, proxies, a session of the caller's and the environment: for login, calls and
downloads alike."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fast_clock import FastClock
from raw_server import (
    BATCH_ID,
    CSV_BODY,
    JOB,
    JOB_ID,
    RESULT,
    SESSION,
    STALL,
    RawServer,
    Received,
    http,
    logged_in,
)
from urllib3 import Retry

from salesforce_bulk import (
    ConnectionFailed,
    InsecureEndpoint,
    InvalidInput,
    RequestTimeout,
    SalesforceBulk,
    TransportError,
)


@dataclass
class Files:
    certificate: str
    key: str
    both: str


def self_signed(directory: Path, name: str) -> Files:
    """A certificate for 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    contents = {"crt": pem, "key": secret, "pem": pem + secret}
    for suffix, content in contents.items():
        (directory / f"{name}.{suffix}").write_bytes(content)
    return Files(*(str(directory / f"{name}.{suffix}") for suffix in contents))


@pytest.fixture(scope="module")
def of_server(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return self_signed(tmp_path_factory.mktemp("tls"), "server")


@pytest.fixture(scope="module")
def of_client(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return self_signed(tmp_path_factory.mktemp("tls"), "client")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without proxies and certificates, and a home that is empty."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE",
                 "CURL_CA_BUNDLE", "NETRC"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


class Org(RawServer):
    """Logs in, creates jobs and gives a result."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(answer=self._reply, tls=tls)

    def _reply(self, request: Received) -> bytes:
        if "/Soap/" in request.path:
            # A request through a proxy names the whole address.
            return logged_in(request.path.partition("/services/")[0] or self.url)
        return RESULT if "/result/" in request.path else JOB


def server_tls(of_server: Files, of_client: Files | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(of_server.certificate, of_server.key)
    if of_client is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(of_client.certificate)
    return context


@pytest.fixture
def org(of_server: Files) -> Iterator[Org]:
    with Org(server_tls(of_server)) as org:
        yield org


@pytest.fixture
def strict_org(of_server: Files, of_client: Files) -> Iterator[Org]:
    with Org(server_tls(of_server, of_client)) as org:
        yield org


def session_with(**attributes: Any) -> requests.Session:
    session = requests.Session()
    for name, value in attributes.items():
        setattr(session, name, value)
    return session


def use(url: str, **options: Any) -> None:
    """A login, a call and a download."""
    bulk = SalesforceBulk(
        username="a@b.c",
        password="p",
        security_token="t",
        login_url=url,
        timeout=5,
        clock=FastClock(),
        **options,
    )
    assert bulk.sessionId == SESSION
    assert bulk.create_query_job("Account") == JOB_ID
    assert bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read() == CSV_BODY.encode()


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(org: Org) -> None:
    """An unknown certificate is an error that names verify=, without repeats."""
    clock = FastClock()
    with pytest.raises(ConnectionFailed, match=r"verify=.*\(127\.0\.0\.1:\d+: ") as caught:
        SalesforceBulk(sessionId="s", host=org.url, clock=clock).job_status(JOB_ID)
    assert clock.pauses == []
    assert isinstance(caught.value.__cause__, requests.exceptions.SSLError)


def test_tls_to_a_server_without_tls_is_not_repeated() -> None:
    """A handshake that cannot succeed is not tried six times."""
    clock = FastClock()
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def serve() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(http("", 400))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ConnectionFailed) as caught:
            SalesforceBulk(
                sessionId="s", host=f"https://127.0.0.1:{plain.getsockname()[1]}", clock=clock
            ).job_status(JOB_ID)
        thread.join(5)
    assert isinstance(caught.value.__cause__, requests.exceptions.SSLError)
    assert clock.pauses == []


@pytest.mark.parametrize("environment_has_another", [False, True])
@pytest.mark.parametrize("whose", ["verify=", "the caller's session"])
def test_a_ca_is_used_for_everything(
    org: Org,
    of_server: Files,
    of_client: Files,
    monkeypatch: pytest.MonkeyPatch,
    whose: str,
    environment_has_another: bool,
) -> None:
    """A CA bundle counts for login, calls and downloads, whatever REQUESTS_CA_BUNDLE says."""
    if environment_has_another:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", of_client.certificate)
    if whose == "verify=":
        use(org.url, verify=of_server.certificate)
    else:
        use(org.url, session=session_with(verify=of_server.certificate))
    assert len(org.received) == 3


def test_a_redirect_from_https_to_http_is_refused(org: Org, of_server: Files) -> None:
    """What began in https does not go on in plain http, not even on this machine."""
    with Org() as plain:
        org.answer = http("", 302, headers={"Location": f"{plain.url}/x"})
        with pytest.raises(InsecureEndpoint, match="from https to http"):
            SalesforceBulk(
                sessionId="s", host=org.url, verify=of_server.certificate, clock=FastClock()
            ).job_status(JOB_ID)
        assert plain.received == []


def test_the_environments_ca_is_used(
    org: Org, of_server: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a CA of the caller's, REQUESTS_CA_BUNDLE counts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", of_server.certificate)
    use(org.url)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("whose", ["verify=", "the caller's session"])
def test_verification_can_be_switched_off(
    org: Org, of_client: Files, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """verify=False counts for everything, whatever REQUESTS_CA_BUNDLE says."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", of_client.certificate)
    use(
        org.url,
        **({"verify": False} if whose == "verify=" else {"session": session_with(verify=False)}),
    )


@pytest.mark.parametrize("whose", ["pair", "one file", "the caller's session"])
def test_a_client_certificate_is_shown_for_everything(
    strict_org: Org, of_server: Files, of_client: Files, whose: str
) -> None:
    """A server that wants a client certificate gets it at login, calls and downloads."""
    pair = (of_client.certificate, of_client.key)
    options = {
        "pair": {"cert": pair},
        "one file": {"cert": of_client.both},
        "the caller's session": {"session": session_with(cert=pair)},
    }[whose]
    use(strict_org.url, verify=of_server.certificate, **options)
    assert len(strict_org.received) == 3


def test_without_its_client_certificate_the_call_fails(strict_org: Org, of_server: Files) -> None:
    """The server that wants a certificate refuses; the error is this library's."""
    with pytest.raises(TransportError):
        use(strict_org.url, verify=of_server.certificate)
    assert strict_org.received == []


@pytest.mark.parametrize("option", [{"verify": "/no/such/ca.pem"}, {"cert": "/no/such/cert.pem"}])
def test_a_file_that_is_missing_is_bad_input(org: Org, of_server: Files, option: Any) -> None:
    """A missing CA or certificate file is InvalidInput that names the file."""
    with pytest.raises(InvalidInput, match="/no/such"):
        use(org.url, **{"verify": of_server.certificate, **option})


def test_a_ca_file_that_is_none_is_typed(org: Org, tmp_path: Path) -> None:
    """A CA file with something else in it is an error of this library."""
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises((ConnectionFailed, InvalidInput)):
        use(org.url, verify=str(tmp_path / "ca.pem"))


@pytest.mark.parametrize("environment_has_another", [False, True])
@pytest.mark.parametrize("whose", ["proxies=", "the caller's session"])
def test_a_proxy_is_used_for_everything(
    monkeypatch: pytest.MonkeyPatch, whose: str, environment_has_another: bool
) -> None:
    """A proxy of the caller's carries login, calls and downloads, and goes before HTTP_PROXY."""
    with Org() as proxy, Org() as org:
        if environment_has_another:
            monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        proxies = {"http": proxy.url}
        if whose == "proxies=":
            use(org.url, proxies=proxies)
        else:
            use(org.url, session=session_with(proxies=proxies))
        assert org.received == []
        assert [r.path.partition("/services/")[0] for r in proxy.received] == [org.url] * 3


@pytest.mark.parametrize("whose", ["proxies=", "the caller's session", "the environment"])
def test_https_goes_through_the_proxys_tunnel(monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    """https asks the proxy for a tunnel, the caller's before HTTPS_PROXY; a proxy that refuses
    it is a failed connection."""
    with RawServer(answer=http("", 403)) as proxy:
        environment = proxy.url if whose == "the environment" else "http://127.0.0.1:9"
        monkeypatch.setenv("HTTPS_PROXY", environment)
        options = {
            "proxies=": {"proxies": {"https": proxy.url}},
            "the caller's session": {"session": session_with(proxies={"https": proxy.url})},
        }.get(whose, {})
        with pytest.raises(ConnectionFailed):
            SalesforceBulk(
                sessionId=SESSION,
                host="acme.my.salesforce.com",
                clock=FastClock(),
                **options,
            ).job_status(JOB_ID)
        assert {(r.method, r.path) for r in proxy.received} == {
            ("CONNECT", "acme.my.salesforce.com:443")
        }
        assert {r.session for r in proxy.received} == {None}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_environments_proxy_never_sees_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Plain http to this machine, with its session, does not go through HTTP_PROXY."""
    with RawServer() as proxy, Org() as org:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        use(org.url.replace("127.0.0.1", host))
        assert proxy.received == []


@pytest.mark.parametrize("session", [None, session_with(headers={"X-Mine": "1"})])
def test_netrc_does_not_leak(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, session: requests.Session | None
) -> None:
    """Entries of ~/.netrc for the host do not become an Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password netrc-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Org() as org:
        assert requests.utils.get_netrc_auth(org.url) == ("me", "netrc-secret")
        use(org.url, session=session)
        assert all("authorization" not in r.headers for r in org.received)


def test_the_callers_session_sends_everything() -> None:
    """Headers, auth, hooks and adapters of the caller's session are used for all three."""
    seen: list[str] = []
    session = requests.Session()
    session.headers["X-Mine"] = "yes"
    session.auth = ("me", "mine")
    session.hooks["response"].append(lambda answer, **_: seen.append(answer.url))
    with Org() as org:
        use(org.url, session=session)
        assert {r.headers["x-mine"] for r in org.received} == {"yes"}
        assert {r.headers["authorization"] for r in org.received} == {"Basic bWU6bWluZQ=="}
    assert len(seen) == 3


def test_the_environment_can_be_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's session with trust_env=False reads neither proxies nor bundles."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/ca.pem")
    with Org() as org:
        use(org.url, session=session_with(trust_env=False))


def test_cookies_are_not_kept() -> None:
    """A cookie that the server sets is not sent back: the session id alone says who calls."""
    with RawServer(
        answer=http(JOB.partition(b"\r\n\r\n")[2], headers={"Set-Cookie": "sid=x"})
    ) as org:
        bulk = SalesforceBulk(sessionId=SESSION, host=org.url)
        bulk.job_status(JOB_ID)
        bulk.job_status(JOB_ID)
        assert all("cookie" not in r.headers for r in org.received)


@pytest.mark.parametrize("timeout", [0.2, (5, 0.2)])
@pytest.mark.parametrize("stalled", ["login", "call", "download"])
def test_the_read_timeout_is_everywhere(timeout: Any, stalled: str) -> None:
    """A server that accepts and says nothing is left after the read timeout, at every step."""
    marks = {"login": "/Soap/", "call": "/job", "download": "/result/"}
    with Org() as org:
        reply = org.answer

        def answer(request: Received) -> Any:
            path = request.path
            if marks[stalled] in path and (stalled != "call" or "/result/" not in path):
                return [STALL]
            return reply(request)

        org.answer = answer
        with pytest.raises(RequestTimeout, match="in time"):
            use_with(org.url, timeout, Retry(0))


def use_with(url: str, timeout: Any, retry: Any) -> None:
    bulk = SalesforceBulk(
        username="a@b.c",
        password="p",
        security_token="t",
        login_url=url,
        timeout=timeout,
        retry=retry,
        clock=FastClock(),
    )
    bulk.job_status(JOB_ID)
    bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read()


def test_the_connect_timeout_is_everywhere() -> None:
    """A host that never accepts is left after the connect timeout; nothing was sent."""
    # A listener whose backlog is full lets no further connection through.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        try:
            with pytest.raises(RequestTimeout, match="no connection in time") as caught:
                use_with(f"http://127.0.0.1:{port}", (0.2, 30), Retry(0))
        finally:
            for filler in fillers:
                filler.close()
    assert not caught.value.may_have_arrived
