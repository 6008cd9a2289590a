"""The HTTP server by itself, over real sockets."""

import gzip
import http.client
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest
import requests

from salesforce_bulk.emulator.http.server import (
    ClientGoneError,
    FilePart,
    HttpError,
    HttpServer,
    ReplyFault,
    Response,
    blocks_of,
)


@contextmanager
def serving(answer, **options):
    server = HttpServer(answer, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def echo(request):
    body = b"".join(iter(lambda: request.body.read(1000), b""))
    return Response(200, {"X-Method": request.method, "X-Path": request.path}, body)


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def raw(server, request):
    """All that the server answers to some bytes; the client says nothing more."""
    with connect(server) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def url(server, path="/"):
    return f"http://127.0.0.1:{server.port}{path}"


def test_path_is_decoded_and_query_taken_apart():
    seen = []

    def answer(request):
        seen.append((request.path, request.query, request.header("x-one")))
        return Response(200)

    with serving(answer) as server:
        requests.get(url(server, "/a%20b?x=1&x=2&y="), headers={"X-One": "1"}, timeout=5)
    assert seen == [("/a b", {"x": ["1", "2"], "y": [""]}, "1")]


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_bodies_arrive_whole_in_every_framing(size, chunked, compressed):
    body = bytes(i * i % 251 for i in range(min(size, 100_000))) * max(1, size // 100_000)
    sent = gzip.compress(body) if compressed else body
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    with serving(echo) as server:
        data = (sent[i : i + 7777] for i in range(0, len(sent), 7777)) if chunked else sent
        answer = requests.post(url(server), data=data, headers=headers, timeout=10)
    assert answer.content == body


def test_gzip_of_several_members_is_one_body():
    with serving(echo) as server:
        answer = requests.post(
            url(server),
            data=gzip.compress(b"one ") + gzip.compress(b"two"),
            headers={"Content-Encoding": "gzip"},
            timeout=5,
        )
    assert answer.content == b"one two"


def test_connection_is_kept_for_the_next_request():
    with serving(echo) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        for number in range(3):
            client.request("POST", "/", str(number).encode())
            assert client.getresponse().read() == str(number).encode()
            first = client.sock if not number else first  # noqa: F821 - set in the first round
            assert client.sock is first
        client.close()


def test_upload_is_read_as_it_comes():
    """A reply can begin before the request's body has ended."""
    seen = threading.Event()

    def answer(request):
        first = request.body.read(5)
        seen.set()
        rest = b"".join(iter(lambda: request.body.read(100), b""))
        return Response(200, {}, first + rest)

    with serving(answer) as server, connect(server) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        )
        assert seen.wait(5)
        client.sendall(b"1\r\n!\r\n0\r\n\r\n")
        assert client.recv(65536).endswith(b"hello!")


def test_100_continue_is_sent_before_the_body_is_read():
    with serving(echo) as server, connect(server) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ab")
        assert client.recv(65536).endswith(b"\r\n\r\nab")


def test_100_continue_is_not_sent_when_the_body_is_not_wanted():
    with serving(lambda _: Response(400, {}, b"no")) as server:
        answer = raw(
            server,
            b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer


@pytest.mark.parametrize("chunked", [False, True])
def test_early_refusal_reaches_a_client_that_is_still_sending(chunked):
    body = (b"x" * 65536 for _ in range(800)) if chunked else b"x" * 50_000_000
    with serving(lambda _: Response(401, {}, b"early")) as server:
        answer = requests.post(url(server), data=body, timeout=20)
    assert (answer.status_code, answer.content) == (401, b"early")


def test_connection_of_an_early_refusal_is_of_further_use():
    with serving(lambda request: Response(400, {}, request.method.encode())) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        client.request("POST", "/", b"GET / HTTP/1.1\r\n\r\n" * 50_000)
        assert client.getresponse().read() == b"POST"
        connection = client.sock
        client.request("PUT", "/")
        assert client.getresponse().read() == b"PUT"
        assert client.sock is connection
        client.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
    ],
)
def test_malformed_requests_are_refused_and_the_server_lives_on(request_bytes):
    def answer(request):
        try:
            return echo(request)
        except HttpError as error:  # as the application does
            return Response(error.status, {}, str(error).encode())

    with serving(answer) as server:
        status = raw(server, request_bytes).split(b" ")[1]
        assert status[:1] in (b"4", b"5")
        assert status != b"500"
        assert requests.get(url(server), timeout=5).status_code == 200


def test_body_cut_by_the_client_is_answered_by_nobody():
    outcome = []

    def answer(request):
        try:
            return echo(request)
        except ClientGoneError as error:
            outcome.append(type(error).__name__)
            raise

    with serving(answer) as server:
        assert raw(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc") == b""
    assert outcome == ["ClientGoneError"]


def test_head_and_204_have_no_body():
    with serving(lambda _: Response(200, {}, b"body")) as server:
        assert raw(server, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"\r\n\r\n")
    with serving(lambda _: Response(204)) as server:
        answer = raw(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Content-Length" not in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("size", [0, 10, 9_000_000])
def test_files_are_sent_whole_in_every_framing(tmp_path, framing, size):
    content = (b"0123456789" * (size // 10))[:size]
    path = tmp_path / "file"
    path.write_bytes(content)
    with serving(lambda _: Response(200, {}, FilePart(path), framing)) as server:
        answer = requests.get(url(server), timeout=10)
    assert answer.content == content
    assert ("Content-Length" in answer.headers) is (framing == "length")


def test_part_of_a_file_is_sent(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with serving(lambda _: Response(200, {}, FilePart(path, 3, 4))) as server:
        assert requests.get(url(server), timeout=5).content == b"3456"
    assert b"".join(blocks_of(FilePart(path, 3, 4))) == b"3456"


def test_streamed_reply_is_chunked_and_closes_for_http_1_0():
    with serving(lambda _: Response(200, {}, iter([b"ab", b"", b"c"]))) as server:
        answer = requests.get(url(server), timeout=5)
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.content == b"abc"
        old = raw(server, b"GET / HTTP/1.0\r\n\r\n")
    assert old.endswith(b"\r\n\r\nabc")
    assert b"chunked" not in old


def faulty(reply_fault, framing="length", body=b"0123456789"):
    return serving(lambda _: Response(200, {}, body, framing, reply_fault))


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_cut_reply_is_noticed_by_its_framing(framing):
    with faulty(ReplyFault(cut_after=4), framing) as server:
        answer = requests.get(url(server), stream=True, timeout=5)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            answer.content  # noqa: B018 - reading it is the claim


def test_cut_reply_without_framing_looks_whole():
    with faulty(ReplyFault(cut_after=4), "close") as server:
        assert requests.get(url(server), timeout=5).content == b"0123"


def test_cut_behind_the_body_still_lacks_its_end():
    with (
        faulty(ReplyFault(cut_after=99), "chunked") as server,
        pytest.raises(requests.exceptions.ChunkedEncodingError),
    ):
        requests.get(url(server), timeout=5)


def test_reset_is_a_reset_and_not_an_end():
    with faulty(ReplyFault(head=False, reset=True)) as server, connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(10)


def read_to_end(client):
    return b"".join(iter(lambda: client.recv(10), b""))


def test_reset_within_the_body_is_no_end():
    how = ReplyFault(cut_after=4, reset=True)
    with faulty(how, "length") as server, connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            read_to_end(client)


def test_silence_without_a_reply_ends_the_connection():
    with faulty(ReplyFault(head=False)) as server:
        assert raw(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc") == b""


def test_stall_sends_the_beginning_and_stop_ends_it():
    started = time.monotonic()
    with faulty(ReplyFault(stall_after=4, stall_seconds=60)) as server:
        client = connect(server)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"0123"):
            received += client.recv(100)
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(100)
    client.close()
    assert time.monotonic() - started < 10


def test_garbage_status_line_is_no_http():
    how = ReplyFault(status_line=b"SSH-2.0-OpenSSH\r\n", cut_after=0)
    with faulty(how) as server, pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url(server), timeout=5)


def test_exchanges_are_told_to_the_observer():
    seen = []
    with serving(echo, observe=seen.append) as server:
        requests.get(url(server, "/x?y=1"), timeout=5)
    assert [(e.method, e.path, e.status) for e in seen] == [("GET", "/x?y=1", 200)]
    assert 0 <= seen[0].seconds < 5


def test_stop_ends_idle_connections_at_once():
    before = set(threading.enumerate())
    with serving(echo) as server:
        clients = [connect(server) for _ in range(5)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            client.recv(1000)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert set(threading.enumerate()) == before
    for client in clients:
        assert client.recv(10) == b""
        client.close()


def test_stop_ends_idle_connections_and_lets_a_running_request_end():
    entered, finish = threading.Event(), threading.Event()

    def slow(_request):
        entered.set()
        finish.wait(10)
        return Response(200, {}, b"done")

    server = HttpServer(slow, grace=10)
    server.start()
    idle, client = connect(server), connect(server)
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert entered.wait(5)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert idle.recv(10) == b""
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(10)
    finish.set()
    client.settimeout(5)
    assert client.recv(1000).endswith(b"done")
    stopping.join(5)
    assert not stopping.is_alive()
    client.close()
    idle.close()


def test_stop_gives_up_a_reply_that_nobody_reads():
    endless = (b"x" * 65536 for _ in iter(int, 1))
    with serving(lambda _: Response(200, {}, endless), grace=0.2) as server:
        client = connect(server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(10)
        started = time.monotonic()
    assert time.monotonic() - started < 3
    client.close()


def test_port_is_free_again_after_stop():
    with serving(echo) as server:
        port = server.port
    with serving(echo, port=port) as server:
        assert requests.get(url(server), timeout=5).status_code == 200


def test_starts_and_stops_in_milliseconds():
    started = time.monotonic()
    for _ in range(10):
        with serving(echo) as server:
            requests.get(url(server), timeout=5)
    assert time.monotonic() - started < 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    files = directory / "certificate.pem", directory / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    subprocess.run(
        [
            *command.split(),
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-out",
            files[0],
            "-keyout",
            files[1],
        ],
        check=True,
        capture_output=True,
    )
    return files


def test_tls_serves_and_a_stuck_handshake_blocks_nobody(certificate, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(lambda _: Response(200, {}, FilePart(path)), tls=context) as server:
        stuck = connect(server)
        session = requests.Session()
        session.trust_env = False
        session.verify = str(certificate[0])
        answer = session.get(f"https://127.0.0.1:{server.port}/", timeout=10)
        assert len(answer.content) == 3_000_000
        session.close()
    stuck.close()


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2, 3\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Host: y\r\n",
    ],
)
def test_a_request_whose_end_or_host_is_told_twice_is_refused_and_the_connection_ends(headers):
    with serving(echo) as server:
        request = b"POST / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"
        answer = raw(server, request + b"abcGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_the_date_header_is_the_moment_that_the_server_is_given():
    moment = datetime(2024, 2, 29, 12, 0, 1, tzinfo=timezone.utc)
    with serving(echo, now=lambda: moment) as server:
        answer = requests.get(url(server), timeout=10)
        refused = raw(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
    assert answer.headers["Date"] == "Thu, 29 Feb 2024 12:00:01 GMT"
    assert b"\r\nDate: Thu, 29 Feb 2024 12:00:01 GMT\r\n" in refused


WITHOUT_DESCRIPTORS = r"""
import http.client, resource, socket, sys, threading, time
from salesforce_bulk.emulator.http.server import HttpServer, Response

server = HttpServer(lambda request: Response(200, {}, b"served"))
server.start()
# The server's thread has opened what it needs once it answered.
first = http.client.HTTPConnection("127.0.0.1", server.port)
first.request("GET", "/")
first.getresponse().read()
first.close()
for thread in threading.enumerate():
    if thread.name not in ("MainThread", "emulator-http"):
        thread.join()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
caller = socket.socket()
caller.settimeout(1)
held = []
try:
    while True:
        held.append(open("/dev/null"))
except OSError:
    pass
caller.connect(("127.0.0.1", server.port))
caller.sendall(b"GET / HTTP/1.1\\r\\nHost: x\r\nConnection: close\r\n\r\n")
before = time.process_time()
try:
    caller.recv(1)
    sys.exit("it was accepted")
except TimeoutError:
    used = time.process_time() - before
for file in held:
    file.close()
caller.settimeout(20)
print(used, b"".join(iter(lambda: caller.recv(65536), b"")).endswith(b"served"))
server.stop()
"""


def test_without_free_descriptors_a_caller_waits_and_the_server_does_not_spin():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS.replace("\\\\", "\\")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    used, served = done.stdout.split()
    # Of the second in which nobody could be accepted.
    assert float(used) < 0.5
    assert served == "True"
