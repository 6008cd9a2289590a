"""A small HTTP server that sends exactly what a test says, well-formed or not.

An answer is bytes, or a sequence of steps: bytes to send, `Drip`, or one of `CLOSE`, `RESET`,
`STALL`.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

#: End the connection in good order.
CLOSE = object()
#: End it as a crash does: the client sees a reset.
RESET = object()
#: Send nothing more until the server stops.
STALL = object()


class Drip(NamedTuple):
    """Bytes that are sent one by one, or a few at once."""

    content: bytes
    seconds: float = 0.05
    at_once: int = 1


Answer = bytes | Sequence[Any]


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def text(self) -> str:
        """The body, decompressed where it was compressed."""
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()

    @property
    def session(self) -> str | None:
        return self.headers.get("x-sfdc-session")


class RawServer:
    """Answers request after request with ``script``, then with ``answer`` for ever.

    ``answer`` and the items of ``script`` are answers, or functions from `Received` to one.
    ``refuse_next`` connections are reset before anything is read.
    """

    def __init__(self, *script: Any, answer: Any = None, tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script)
        self.answer = answer if answer is not None else http(b"")
        self.received: list[Received] = []
        self.accepted = 0
        self.refuse_next = 0
        self._tls = tls
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        # A blocked accept() does not see that its socket was closed: connect to wake it.
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        self._threads[0].join(5)
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for connection in self._sockets:
            connection.close()

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            self.accepted += 1
            self._start(self._serve, connection, self.accepted)

    def _serve(self, plain: socket.socket, number: int) -> None:
        with self._lock:
            refuse, self.refuse_next = self.refuse_next > 0, max(0, self.refuse_next - 1)
        if refuse:
            reset(plain)
            return
        connection = plain
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
            self._sockets.append(connection)
            with connection.makefile("rb") as stream:
                while (request := _read_request(stream, number)) is not None:
                    if not self._perform(connection, self._next(request)):
                        break
        connection.close()

    def _next(self, request: Received) -> Answer:
        with self._lock:
            self.received.append(request)
            answer = self.script.pop(0) if self.script else self.answer
        return answer(request) if callable(answer) else answer  # type: ignore[no-any-return]

    def _perform(self, connection: socket.socket, answer: Answer) -> bool:
        """Whether the connection goes on."""
        for step in [answer] if isinstance(answer, bytes) else answer:
            if step is CLOSE:
                return False
            if step is RESET:
                reset(connection)
                return False
            if step is STALL:
                self._stopping.wait(30)
                return False
            if isinstance(step, Drip):
                for start in range(0, len(step.content), step.at_once):
                    connection.sendall(step.content[start : start + step.at_once])
                    if self._stopping.wait(step.seconds):
                        return False
                continue
            connection.sendall(step)
        return True


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Not close(), which waits for the file object over the socket.
    socket.close(connection.detach())


def _read_request(stream: Any, number: int) -> Received | None:
    line = stream.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Received(method, path, headers, body, number)


def http(
    body: bytes | str = b"",
    status: int | str = 200,
    content_type: str | None = "application/xml",
    *,
    headers: Mapping[str, str] | None = None,
    length: bool = True,
    chunked: bool = False,
    packed: bool = False,
) -> bytes:
    """The bytes of a whole answer.

    ``length`` announces the body's length, ``chunked`` sends it in chunks of 16 bytes instead,
    ``packed`` compresses it. Without length and chunks only `CLOSE` ends it.
    """
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status if isinstance(status, str) else f'{status} Status'}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    if packed:
        lines.append("Content-Encoding: gzip")
        body = gzip.compress(body)
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        parts = [body[start : start + 16] for start in range(0, len(body), 16)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    elif length:
        lines.append(f"Content-Length: {len(body)}")
    else:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def cut(answer: bytes, last: int, end: Any = CLOSE) -> list[Any]:
    """An answer without its last bytes, ended before its time."""
    return [answer[:-last], end]


def corrupt(answer: bytes) -> bytes:
    """A compressed answer whose text no longer fits its checksum."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    text = gzip.decompress(body)
    packed = zlib.compressobj(wbits=31)
    other = packed.compress(text.swapcase()) + packed.flush()
    return head + blank + other[:-8] + body[-8:]


NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
JOB_ID = "7500000000000jobAA"
BATCH_ID = "7510000000batchAAA"
SESSION = "00D000000000001!AQsecretSessionOfTheTest.abc"


def document(tag: str, **fields: str) -> bytes:
    """An answer of Bulk API 1.0 in XML, as it is recorded."""
    children = "".join(f"\n <{name}>{value}</{name}>" for name, value in fields.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{tag}\n   xmlns="{NAMESPACE}">{children}\n</{tag}>'
    ).encode()


JOB = http(document("jobInfo", id=JOB_ID, state="Open", contentType="CSV"), 201)
CLOSED = http(document("jobInfo", id=JOB_ID, state="Closed", contentType="CSV"))
BATCH = http(document("batchInfo", id=BATCH_ID, jobId=JOB_ID, state="Queued"), 201)
COMPLETED = http(document("batchInfo", id=BATCH_ID, jobId=JOB_ID, state="Completed"))
BATCHES = http(document("batchInfoList", batchInfo=f"<id>{BATCH_ID}</id><state>Completed</state>"))
RESULT_IDS = http(document("result-list", result="752000000000001"))
ROW_RESULTS = http(
    '"Id","Success","Created","Error"\n"001000000000001AAA","true","true",""\n',
    content_type="text/csv",
)
CSV_BODY = '"Id","Name"\n"001000000000001AAA","Grüße, ""Welt"""\n'
RESULT = http(CSV_BODY, content_type="text/csv")
HTML = "<html><body><h1>Bad gateway</h1></body></html>"


def fault(code: str, message: str = "as documented", status: int = 400) -> bytes:
    """The API's own error."""
    return http(document("error", exceptionCode=code, exceptionMessage=message), status)


EXPIRED = fault("InvalidSessionId", "Invalid session id")


def envelope(body: str, status: int = 200) -> bytes:
    """A SOAP answer."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return http(text, status, "text/xml;charset=UTF-8")


def logged_in(server_url: str, session: str = SESSION, expired: bool = False) -> bytes:
    """The answer to a login that succeeded."""
    return envelope(
        "<loginResponse><result>"
        f"<metadataServerUrl>{server_url}/services/Soap/m/59.0/00D000000000001</metadataServerUrl>"
        f"<passwordExpired>{str(expired).lower()}</passwordExpired><sandbox>false</sandbox>"
        f"<serverUrl>{server_url}/services/Soap/u/59.0/00D000000000001</serverUrl>"
        f"<sessionId>{session}</sessionId><userId>005000000000001AAA</userId>"
        "</result></loginResponse>"
    )


def login_refused(
    code: str = "INVALID_LOGIN",
    message: str = "Invalid username, password, security token; or user locked out.",
) -> bytes:
    """The fault of a login."""
    return envelope(
        f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{code}: {message}</faultstring>"
        f'<detail><sf:LoginFault xsi:type="sf:LoginFault">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault>",
        500,
    )
