"""HTTP/1.1 on threads: connections, request bodies, replies. Knows nothing of Salesforce.

One thread per connection. Request bodies (sized, chunked, gzip) are read as a stream and
never held whole; files are sent with ``sendfile``. What a fault does to the socket is a
:class:`ReplyFault` of the reply.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import logging
import re
import selectors
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from socketserver import TCPServer
from typing import BinaryIO, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

logger = logging.getLogger(__name__)

BLOCK = 1 << 18
#: One HTTP chunk of a file's body.
FILE_CHUNK = 1 << 22
#: An unread request body up to this size is read and dropped, so that the client gets the
#: early answer; beyond it the connection is closed.
DRAIN_LIMIT = 1 << 28
LINE_LIMIT = 1 << 12
#: What accept() says where the process or the system has nothing left to open a connection with.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
#: Seconds until the next attempt then.
EXHAUSTED_PAUSE = 0.1
#: Headers that say where a request ends or whom it is for: two of them are two requests.
SINGLE_HEADERS = ("content-length", "transfer-encoding", "host")
#: Bytes of a body that the log keeps.
LOGGED_BYTES = 4096

_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class HttpError(Exception):
    """The request cannot be read as HTTP; ``status`` is what to answer, ``code`` in which words."""

    code = "ClientInputError"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class DamagedGzipError(HttpError):
    """The request's body is no gzip, or the half of one."""

    code = "DamagedGzip"


class ClientGoneError(Exception):
    """The connection ended inside the request: there is nobody to answer."""


class Stream(Protocol):
    """``read(n)`` gives up to ``n`` bytes, ``b""`` at the end and ever after."""

    def read(self, size: int, /) -> bytes: ...


class SizedStream:
    """A body of a known length."""

    def __init__(self, source: BufferedIOBase, length: int) -> None:
        self._source = source
        self._left = length

    def read(self, size: int, /) -> bytes:
        if not self._left:
            return b""
        block = self._source.read(min(size, self._left))
        if not block:
            raise ClientGoneError
        self._left -= len(block)
        return block


class ChunkedStream:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are dropped."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source = source
        self._left = 0
        self._ended = False

    def read(self, size: int, /) -> bytes:
        if not self._left and not self._ended:
            self._next_chunk()
        if self._ended:
            return b""
        block = self._source.read(min(size, self._left))
        if not block:
            raise ClientGoneError
        self._left -= len(block)
        if not self._left:
            self._expect_line_end()
        return block

    def _next_chunk(self) -> None:
        size = self._line().split(b";", 1)[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            self._refuse("bad chunk size")
        self._left = int(size, 16)
        if not self._left:
            self._ended = True
            while self._line():
                pass

    def _line(self) -> bytes:
        line = self._source.readline(LINE_LIMIT)
        if not line:
            raise ClientGoneError
        if not line.endswith(b"\n"):
            self._refuse("chunk line too long")
        return line.rstrip(b"\r\n")

    def _expect_line_end(self) -> None:
        if self._line():
            self._refuse("chunk longer than its size")

    def _refuse(self, message: str) -> None:
        self._ended = True
        raise HttpError(400, message)


class GunzipStream:
    """Undoes gzip while it is read; several members follow each other as in RFC 1952."""

    def __init__(self, source: Stream) -> None:
        self._source = source
        self._inflater = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._started = False
        self._exhausted = False

    def read(self, size: int, /) -> bytes:
        while True:
            if not self._pending and not self._exhausted:
                self._pending = self._source.read(BLOCK)
                self._exhausted = not self._pending
            if self._inflater.eof and self._pending:
                self._inflater = zlib.decompressobj(wbits=31)
            data = self._inflate(size)
            if data:
                return data
            if self._exhausted:
                if self._started and not self._inflater.eof:
                    raise DamagedGzipError(400, "the gzip body ends early")
                return b""

    def _inflate(self, size: int) -> bytes:
        self._started = self._started or bool(self._pending)
        try:
            data = self._inflater.decompress(self._pending, size)
        except zlib.error as error:
            raise DamagedGzipError(400, f"the body is not gzip: {error}") from error
        self._pending = self._inflater.unconsumed_tail or self._inflater.unused_data
        return data


class Body:
    """A request's body. ``raw`` is what is on the wire; ``read`` undoes Content-Encoding."""

    def __init__(self, raw: Stream, gzip: bool, on_first_read: Callable[[], None]) -> None:
        self._raw = raw
        self._decoded: Stream = GunzipStream(raw) if gzip else raw
        self._on_first_read: Callable[[], None] | None = on_first_read
        #: The first ``LOGGED_BYTES`` of what was read, for the log.
        self.start = b""

    def keep_coding(self) -> None:
        """From now on ``read`` gives what is on the wire."""
        self._decoded = self._raw

    @property
    def untouched(self) -> bool:
        """Nothing has been read yet (and no ``100 Continue`` was sent)."""
        return self._on_first_read is not None

    def read(self, size: int = BLOCK, /) -> bytes:
        self._touch()
        block = self._decoded.read(size)
        if len(self.start) < LOGGED_BYTES:
            self.start += block[: LOGGED_BYTES - len(self.start)]
        return block

    def read_all(self, limit: int) -> bytes:
        """The whole body, or its first ``limit + 1`` bytes."""
        blocks: list[bytes] = []
        room = limit + 1
        while room and (block := self.read(min(room, BLOCK))):
            blocks.append(block)
            room -= len(block)
        return b"".join(blocks)

    def drain(self, limit: int = DRAIN_LIMIT) -> bool:
        """Reads what is left of the raw body; whether its end was reached."""
        self._touch()
        while block := self._raw.read(BLOCK):
            limit -= len(block)
            if limit < 0:
                return False
        return True

    def _touch(self) -> None:
        if self._on_first_read is not None:
            signal, self._on_first_read = self._on_first_read, None
            signal()


@dataclass(slots=True)
class Request:
    """One request. Header names are lower-case; the path is percent-decoded."""

    method: str
    target: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Body
    address: str = ""

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A reply's body that lies in a file; ``length`` None means to the end."""

    path: Path
    offset: int = 0
    length: int | None = None

    def size(self) -> int:
        if self.length is not None:
            return self.length
        return self.path.stat().st_size - self.offset


@dataclass(frozen=True, slots=True)
class ReplyFault:
    """What happens to a reply on its way.

    ``delay`` seconds pass first. ``head=False`` sends nothing at all. ``cut_after`` ends the
    connection after so many bytes of the body (``reset``: with RST, else with FIN).
    ``stall_after`` falls silent for ``stall_seconds`` there. ``status_line`` replaces the real
    one. ``request_bytes``: so much of the request's body is read first.
    """

    delay: float = 0.0
    head: bool = True
    cut_after: int | None = None
    reset: bool = False
    stall_after: int | None = None
    stall_seconds: float = 0.0
    status_line: bytes | None = None
    request_bytes: int = 0


ReplyBody = bytes | FilePart | Iterator[bytes]


@dataclass(slots=True)
class Response:
    """A reply. ``framing`` is how its end is told: ``length``, ``chunked``, or ``close``; a
    body of unknown size is chunked where it should have a length.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: ReplyBody = b""
    framing: str = "length"
    reply_fault: ReplyFault | None = None


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One line of the request log.

    ``status`` 0 means that no reply was sent; ``seconds`` is how long the reply took to be
    ready, without the sending. Numbers rise; those of the page's own requests are missing.
    ``body`` and ``answer_body`` are the first ``LOGGED_BYTES`` of what was read and sent, the
    first without its Content-Encoding; of an answer that is made while it is sent there is
    nothing.
    """

    method: str
    path: str
    status: int
    seconds: float
    number: int = 0
    moment: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    answer_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    answer_body: bytes = field(default=b"", repr=False)


Handler = Callable[[Request], Response]
Observer = Callable[[LoggedRequest], None]


def blocks_of(body: ReplyBody) -> Iterator[bytes]:
    """A reply's body in blocks."""
    if isinstance(body, bytes):
        return iter((body,) if body else ())
    if isinstance(body, FilePart):
        return _file_blocks(body)
    return body


def start_of(body: ReplyBody) -> bytes:
    """The first ``LOGGED_BYTES`` of a body; nothing of one that is made while it is sent."""
    if isinstance(body, bytes):
        return body[:LOGGED_BYTES]
    if not isinstance(body, FilePart):
        return b""
    with contextlib.suppress(OSError), body.path.open("rb") as file:
        file.seek(body.offset)
        return file.read(LOGGED_BYTES if body.length is None else min(LOGGED_BYTES, body.length))
    return b""


def _file_blocks(part: FilePart) -> Iterator[bytes]:
    left = part.size()
    with part.path.open("rb") as file:
        file.seek(part.offset)
        while left and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 1 << 16
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ClientGoneError, OSError):
            super().handle()

    def handle_one_request(self) -> None:
        self.server.connections.idle(self.connection)
        self.raw_requestline = self.rfile.readline(65537)
        self.server.connections.busy(self.connection)
        if not self.raw_requestline:
            self.close_connection = True
            return
        self.requestline, self.request_version, self.command = "", "", ""
        if len(self.raw_requestline) > 65536:
            self.send_error(414)
            return
        if self.parse_request():
            self._answer_request()

    def handle_expect_100(self) -> bool:
        # Answered when the body is first read: an early error then spares the upload.
        return True

    def _continue(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer_request(self) -> None:
        started = time.perf_counter()
        try:
            request = self._request()
        except HttpError as error:
            self.send_error(error.status, str(error))
            return
        response = self.server.answer(request)
        # Before the reply leaves: whoever has it finds it in the log.
        self.server.observe(self._logged(request, response, time.perf_counter() - started))
        self._send(request, response)
        self._finish(request)

    def _logged(self, request: Request, response: Response, seconds: float) -> LoggedRequest:
        silent = response.reply_fault is not None and not response.reply_fault.head
        return LoggedRequest(
            request.method,
            request.target,
            0 if silent else response.status,
            seconds,
            next(self.server.numbers),
            self.server.now(),
            request.headers,
            request.body.start,
            {} if silent else dict(response.headers),
            b"" if silent else start_of(response.body),
        )

    def _request(self) -> Request:
        url = urlsplit(self.path)
        self._refuse_doubled_headers()
        headers = {name.lower(): value for name, value in self.headers.items()}
        encoding = headers.get("content-encoding", "").strip().lower()
        return Request(
            method=self.command,
            target=self.path,
            path=unquote(url.path),
            query=parse_qs(url.query, keep_blank_values=True),
            headers=headers,
            body=Body(self._raw_body(headers), encoding in ("gzip", "x-gzip"), self._continue),
            address=self.client_address[0],
        )

    def _refuse_doubled_headers(self) -> None:
        for name in SINGLE_HEADERS:
            if len(self.headers.get_all(name, ())) > 1:
                raise HttpError(400, f"more than one {name} header")

    def _raw_body(self, headers: Mapping[str, str]) -> Stream:
        coding = headers.get("transfer-encoding", "").strip().lower()
        if coding and "content-length" in headers:
            raise HttpError(400, "both transfer-encoding and content-length")
        if coding == "chunked":
            return ChunkedStream(self.rfile)
        if coding:
            raise HttpError(501, f"Transfer-Encoding {coding} is not emulated")
        length = headers.get("content-length", "0").strip()
        if not (length.isascii() and length.isdigit()):
            raise HttpError(400, "bad Content-Length")
        return SizedStream(self.rfile, int(length))

    def _finish(self, request: Request) -> None:
        if self.close_connection:
            return
        try:
            self.close_connection = not request.body.drain()
        except HttpError:
            self.close_connection = True

    def _send(self, request: Request, response: Response) -> None:
        if request.body.untouched and "expect" in request.headers:
            # Whether the body will still come is the client's choice, and not told.
            self.close_connection = True
        chunked = self._frame(response)
        head = self._head(response, chunked)
        silent = request.method == "HEAD" or response.status in (204, 304)
        if response.reply_fault is not None:
            self._send_faulty(request, response, head, chunked, response.reply_fault)
        elif silent:
            self.connection.sendall(head)
        elif isinstance(response.body, bytes):
            self.connection.sendall(head + _frame_body(response.body, chunked))
        elif isinstance(response.body, FilePart):
            self.connection.sendall(head)
            self._send_file(response.body, chunked)
        else:
            self.connection.sendall(head)
            self._send_blocks(response.body, chunked)

    def _frame(self, response: Response) -> bool:
        """Completes the framing headers; whether the body goes in chunks."""
        if response.status in (204, 304):
            return False
        framing = response.framing
        if framing == "length" and not isinstance(response.body, bytes | FilePart):
            framing = "chunked"
        if framing == "chunked" and self.request_version >= "HTTP/1.1":
            response.headers["Transfer-Encoding"] = "chunked"
            return True
        if framing == "length":
            response.headers["Content-Length"] = str(_size(response.body))
        else:
            self.close_connection = True
        return False

    def _head(self, response: Response, chunked: bool) -> bytes:
        if response.headers.get("Connection", "").lower() == "close":
            self.close_connection = True
        elif self.close_connection:
            response.headers["Connection"] = "close"
        response.headers.setdefault("Date", format_datetime(self.server.now(), usegmt=True))
        spell = self.server.spell
        lines = [f"{spell(name)}: {value}\r\n" for name, value in response.headers.items()]
        return _status_line(response) + "".join(lines).encode("latin-1") + b"\r\n"

    def _send_file(self, part: FilePart, chunked: bool) -> None:
        with part.path.open("rb") as file:
            if not chunked:
                self._sendfile(file, part.offset, part.size())
                return
            offset, left = part.offset, part.size()
            while left:
                count = min(left, FILE_CHUNK)
                self.connection.sendall(b"%x\r\n" % count)
                self._sendfile(file, offset, count)
                self.connection.sendall(b"\r\n")
                offset, left = offset + count, left - count
            self.connection.sendall(b"0\r\n\r\n")

    def _sendfile(self, file: BinaryIO, offset: int, count: int) -> None:
        if count and self.connection.sendfile(file, offset, count) != count:
            raise ClientGoneError  # the file shrank: the framing cannot be kept

    def _send_blocks(self, blocks: Iterable[bytes], chunked: bool) -> None:
        for block in blocks:
            if block:
                self.connection.sendall(_chunk(block) if chunked else block)
        if chunked:
            self.connection.sendall(b"0\r\n\r\n")

    def _send_faulty(
        self,
        request: Request,
        response: Response,
        head: bytes,
        chunked: bool,
        reply_fault: ReplyFault,
    ) -> None:
        if reply_fault.delay:
            self.server.stopping.wait(reply_fault.delay)
        if reply_fault.request_bytes:
            request.body.read_all(reply_fault.request_bytes - 1)
        if not reply_fault.head:
            self._hang_up(request, reply_fault.reset)
            return
        self.connection.sendall(head)
        try:
            self._send_blocks(self._faulty_blocks(blocks_of(response.body), reply_fault), chunked)
        except _ReplyCutError:
            self._hang_up(request, reply_fault.reset)

    def _faulty_blocks(self, blocks: Iterator[bytes], how: ReplyFault) -> Iterator[bytes]:
        sent = 0
        for piece in _split_at(blocks, (how.stall_after, how.cut_after)):
            if sent == how.stall_after:
                self.server.stopping.wait(how.stall_seconds)
            if sent == how.cut_after:
                raise _ReplyCutError
            yield piece
            sent += len(piece)
        if how.cut_after is not None:
            raise _ReplyCutError  # the body was shorter: still without its regular end

    def _hang_up(self, request: Request, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.server.connections.reset(self.connection)
        else:
            # Unread bytes would turn the FIN into a RST.
            with contextlib.suppress(HttpError):
                request.body.drain()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.close_connection = True
        text = (message or HTTPStatus(code).phrase).encode("utf-8", "replace")
        response = Response(code, {"Content-Type": "text/plain;charset=UTF-8"}, text)
        self._frame(response)
        self.connection.sendall(self._head(response, False) + text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        logger.debug(format, *args)


class _ReplyCutError(Exception):
    """The reply ends here, without its regular end."""


def _split_at(blocks: Iterator[bytes], marks: Iterable[int | None]) -> Iterator[bytes]:
    """The same bytes, with a block boundary at each mark (counted from the start)."""
    wanted = sorted({mark for mark in marks if mark})
    position = 0
    for block in blocks:
        rest = block
        while wanted and position + len(rest) > wanted[0]:
            count = wanted.pop(0) - position
            if count:
                yield rest[:count]
            rest, position = rest[count:], position + count
        yield rest
        position += len(rest)


def _status_line(response: Response) -> bytes:
    if response.reply_fault is not None and response.reply_fault.status_line is not None:
        return response.reply_fault.status_line
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {response.status} {phrase}\r\n".encode("ascii")


def _size(body: ReplyBody) -> int:
    if isinstance(body, bytes):
        return len(body)
    if isinstance(body, FilePart):
        return body.size()
    raise TypeError("a streamed body has no size")


def _chunk(block: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(block), block)


def _frame_body(body: bytes, chunked: bool) -> bytes:
    if not chunked:
        return body
    return (_chunk(body) if body else b"") + b"0\r\n\r\n"


class _Connections:
    """The open connections, and which of them are inside a request."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy: dict[socket.socket, bool] = {}
        self._reset: set[socket.socket] = set()
        self._closing = False

    def add(self, connection: socket.socket) -> None:
        with self._changed:
            self._busy[connection] = False
            if self._closing:
                _shut(connection)

    def idle(self, connection: socket.socket) -> None:
        with self._changed:
            self._busy[connection] = False
            self._changed.notify_all()
            if self._closing:
                _shut(connection)

    def busy(self, connection: socket.socket) -> None:
        with self._changed:
            self._busy[connection] = True

    def reset(self, connection: socket.socket) -> None:
        """The connection is to end with RST."""
        with self._changed:
            self._reset.add(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def discard(self, connection: socket.socket) -> bool:
        """Forgets the connection; whether it ends with RST."""
        with self._changed:
            self._busy.pop(connection, None)
            self._changed.notify_all()
            reset = connection in self._reset
            self._reset.discard(connection)
            return reset

    def close(self, grace: float) -> None:
        """Ends idle connections now, those inside a request after ``grace`` seconds."""
        with self._changed:
            self._closing = True
            for connection in [c for c, busy in self._busy.items() if not busy]:
                _shut(connection)
            self._changed.wait_for(lambda: not any(self._busy.values()), grace)
            for connection in self._busy:
                _shut(connection)
            self._changed.wait_for(lambda: not self._busy, grace)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        answer: Handler,
        observe: Observer,
        context: ssl.SSLContext | None,
        now: Callable[[], datetime],
        spell: Callable[[str], str],
    ) -> None:
        self.spell = spell
        self.answer = answer
        self.observe = observe
        self.now = now
        self._exhausted = False
        self.numbers = itertools.count(1)
        self.connections = _Connections()
        self.stopping = threading.Event()
        self.threads: set[threading.Thread] = set()
        self._context = context
        self._woken, self._wake = socket.socketpair()
        try:
            super().__init__(address, _Connection)
        except OSError:
            self._close_pair()
            raise

    def accept_until_woken(self) -> None:
        # serve_forever() looks every so often whether it is to end; this ends at once, and
        # costs nothing while nobody calls.
        with selectors.DefaultSelector() as selector:
            # A caller that is gone before accept() must not make it wait.
            self.socket.setblocking(False)
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._woken in ready:
                    return
                self._handle_request_noblock()  # type: ignore[attr-defined]
                if self._exhausted:
                    self._pause(selector)

    def _pause(self, selector: selectors.BaseSelector) -> None:
        # The caller stays in the queue, so that select() would come back at once, for ever.
        selector.unregister(self.socket)
        selector.select(EXHAUSTED_PAUSE)
        selector.register(self.socket, selectors.EVENT_READ)
        self._exhausted = False

    def wake(self) -> None:
        self._wake.send(b".")

    def server_close(self) -> None:
        super().server_close()
        self._close_pair()

    def _close_pair(self) -> None:
        self._woken.close()
        self._wake.close()

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for the host's full name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def get_request(self) -> tuple[socket.socket, object]:
        try:
            connection, address = super().get_request()
        except OSError as error:
            self._exhausted = error.errno in EXHAUSTED
            if self._exhausted:
                logger.warning("no connection can be accepted: %s", error)
            raise
        connection.setblocking(True)
        if self._context is not None:
            # The handshake is done by the connection's own thread: a stuck one blocks nobody.
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self.connections.add(connection)
        return connection, address

    def process_request_thread(self, request: object, client_address: object) -> None:
        thread = threading.current_thread()
        self.threads.add(thread)
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self.threads.discard(thread)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        if self.connections.discard(request):
            request.close()  # a shutdown before it would send FIN in place of RST
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        logger.exception("connection from %s", client_address)


class HttpServer:
    """Serves ``answer`` on a thread of its own between ``start()`` and ``stop()``.

    ``observe`` is told of each request before its reply is sent; ``now`` gives the moment for
    the ``Date`` header, in UTC; ``spell`` how the name of a header is written.
    """

    def __init__(
        self,
        answer: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        observe: Observer = lambda _: None,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        grace: float = 2.0,
        spell: Callable[[str], str] = str,
    ) -> None:
        self._server = _Server((host, port), answer, observe, tls, now, spell)
        self._grace = grace
        self._thread = threading.Thread(
            target=self._server.accept_until_woken, name="emulator-http", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Takes no more connections, lets running requests end, leaves no thread or socket."""
        self._server.stopping.set()
        if self._thread.ident is not None:
            self._server.wake()
            self._thread.join()
        self._server.server_close()
        self._server.connections.close(self._grace)
        for thread in list(self._server.threads):
            thread.join(self._grace)
