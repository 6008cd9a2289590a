"""What the transport costs over bare `requests`: a small call, and 200 MB of CSV.

    python benchmarks/transport_throughput.py

The server runs in a process of its own and sends prepared bytes. Runs alternate, medians count,
and every figure stands beside that of `requests` in the same run.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import requests

from salesforce_bulk.http.body import read_body
from salesforce_bulk.http.settings import new_transport

SIZE = 200_000_000
CHUNK = 32_768
SMALL = b"<jobInfo><id>7500000000000jobAA</id><state>Open</state></jobInfo>"


def rows() -> bytes:
    """CSV that compresses about as well as records of an org."""
    lines = []
    while len(lines) < 40_000:
        token = os.urandom(12).hex()
        lines.append(
            f'"001{token[:15]}","Example {token[15:]} GmbH","2024-01-01T00:00:00.000Z","true"\n'
        )
    text = "".join(lines).encode()
    return text * (SIZE // len(text) + 1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        body = self.bodies[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        if "gzip" in self.path:
            self.send_header("Content-Encoding", "gzip")
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            self.connection.sendall(body)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.connection.sendall(body)

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        pass


def chunked(body: bytes) -> bytes:
    parts = (body[start : start + CHUNK] for start in range(0, len(body), CHUNK))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def serve(address: multiprocessing.Queue[str]) -> None:
    text = rows()
    packed = gzip.compress(text, 6)
    Handler.bodies = {
        "/small": SMALL,
        "/identity": text,
        "/gzip": packed,
        "/identity-chunked": chunked(text),
        "/gzip-chunked": chunked(packed),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address.put(f"http://127.0.0.1:{server.server_port} {len(text)} {len(packed)}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(3_600)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def drain(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


def small(url: str, calls: int = 1_000) -> None:
    session, transport = requests.Session(), new_transport()
    headers = {"X-SFDC-Session": "00D!AQ", "Content-Type": "application/xml; charset=UTF-8"}

    def bare() -> None:
        for _ in range(calls):
            session.get(url, headers=headers, timeout=(10, 120)).content  # noqa: B018

    def ours() -> None:
        for _ in range(calls):
            transport.send("GET", url, headers=headers, repeatable=True).content  # noqa: B018

    for work in (bare, ours):
        work()
    pairs = [(seconds(bare), seconds(ours)) for _ in range(7)]
    bare_us, ours_us = (
        statistics.median(times) / calls * 1e6 for times in zip(*pairs, strict=True)
    )
    print(f"small call  requests {bare_us:5.0f} µs  transport {ours_us:5.0f} µs  "
          f"ratio {ours_us / bare_us:.2f}")  # fmt: skip


def large(url: str, size: int) -> None:
    session, transport = requests.Session(), new_transport()

    def bare() -> None:
        with session.get(url, stream=True, timeout=(10, 120)) as answer:
            drain(answer.iter_content(1 << 20))

    def ours() -> None:
        answer = transport.send("GET", url, headers={}, repeatable=True, stream=True)
        drain(read_body(answer))

    pairs = [(seconds(bare), seconds(ours)) for _ in range(5)]
    bare_s, ours_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{url.rpartition('/')[2]:17s} requests {size / bare_s / 1e6:6.0f} MB/s  "
          f"read_body {size / ours_s / 1e6:6.0f} MB/s  ratio {bare_s / ours_s:.2f}")  # fmt: skip


def main() -> int:
    address: multiprocessing.Queue[str] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(address,), daemon=True)
    server.start()
    url, size, packed = address.get().split()
    print(f"{int(size) / 1e6:.0f} MB of CSV, {int(packed) / 1e6:.0f} MB compressed")
    try:
        small(f"{url}/small")
        for name in ("identity", "identity-chunked", "gzip", "gzip-chunked"):
            large(f"{url}/{name}", int(size))
    finally:
        server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
