"""A Bulk API server that is faster than any client: every answer is canned, nothing is computed.

    python benchmarks/replay_server.py '[{"name": "Rows", "kind": "query", "size": 100}]'

prints the address it serves on. Each canned result has a name; a job for the object of that name
gets that result, whatever it asks or sends. Nothing of what is sent is kept: job and batch ids
carry the number of their result, and only the ids of a job's batches are remembered. Large bodies
are blocks of bytes prepared at the start and handed to the socket whole, so the server takes little
of the processor that the client under measurement needs. Loads through Bulk API 2.0 are the
exception: what they upload is kept, since their results repeat it.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import itertools
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from xml.etree import ElementTree

import canned_data

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
STAMP = "2024-01-01T00:00:00.000Z"
DRAIN_SIZE = 1 << 20

CONTENTS: Mapping[str, Callable[[float], canned_data.Content]] = {
    "query": canned_data.query_csv,
    "query_constant": canned_data.query_constant,
    "query_json": canned_data.query_json,
    "ingest": canned_data.ingest_csv,
    "ingest_json": canned_data.ingest_json,
}


@dataclass(frozen=True)
class Canned:
    """One canned result: `size` is in MB (10**6 bytes) for queries and in rows for ingest."""

    name: str
    kind: str
    size: float
    gzip: bool = True
    chunk_size: int | None = 32_768  # None sends a Content-Length instead
    fields: tuple[tuple[str, str], ...] = ()  # of the object, for its describe: (name, type)

    def content(self) -> canned_data.Content:
        return CONTENTS[self.kind](self.size)


class Reply(NamedTuple):
    status: int
    media_type: str
    pieces: canned_data.Pieces
    gzip: bool = False
    chunked: bool = False
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Result:
    """A canned result ready to be sent."""

    number: int
    canned: Canned
    content: canned_data.Content
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    batches: dict[str, list[str]] = field(default_factory=dict)  # by job, for its list

    def __post_init__(self) -> None:
        self._replies = {
            gzip: self._prepared(self.content, gzip) for gzip in {False, self.canned.gzip}
        }
        self._pages: dict[bool, list[Reply]] = {}
        self._of_batches: dict[tuple[int, bool], Reply] = {}

    @functools.cached_property
    def page_count(self) -> int:
        return len(canned_data.query_pages(self.canned.size))

    @property
    def json(self) -> bool:
        return self.canned.kind.endswith("_json")

    def reply(self, accepts_gzip: bool) -> Reply:
        return self._replies[self.canned.gzip and accepts_gzip]

    def batch_reply(self, job_id: str, batch_id: str, accepts_gzip: bool) -> Reply:
        """The results of a batch of a load, by its place in its job: no two made one record."""
        number = self.batches[job_id].index(batch_id)
        gzip = self.canned.gzip and accepts_gzip
        with _MAKING_PAGES:
            if (number, gzip) not in self._of_batches:
                own = canned_data.of_batch(self.content, number)
                self._of_batches[number, gzip] = self._prepared(own, gzip)
        return self._of_batches[number, gzip]

    def page(self, number: int, accepts_gzip: bool) -> Reply:
        """A page of a 2.0 query, made when the first one is asked for."""
        gzip = self.canned.gzip and accepts_gzip
        with _MAKING_PAGES:
            if gzip not in self._pages:
                self._pages[gzip] = self._prepared_pages(gzip)
        return self._pages[gzip][number]

    def _prepared_pages(self, gzip: bool) -> list[Reply]:
        contents = canned_data.query_pages(self.canned.size)
        locators = [*map(str, range(1, len(contents))), "null"]
        return [
            self._prepared(content, gzip)._replace(
                headers=(
                    ("Sforce-NumberOfRecords", str(content.rows)),
                    ("Sforce-Locator", locator),
                )
            )
            for content, locator in zip(contents, locators, strict=True)
        ]

    def _prepared(self, content: canned_data.Content, gzip: bool) -> Reply:
        pieces = canned_data.gzipped(content) if gzip else content.pieces
        chunk_size = self.canned.chunk_size
        if chunk_size:
            pieces = canned_data.chunked(pieces, chunk_size)
        return Reply(200, content.media_type, pieces, gzip, chunked=bool(chunk_size))

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{self.number:04d}{next(self.serial):08d}AAA"


class Request(NamedTuple):
    path: re.Match[str]
    body: bytes
    accepts_gzip: bool
    query: str


class Upload:
    """The rows of a 2.0 load, kept on the disk; each of them succeeds."""

    def __init__(self, job: Mapping[str, object], number: int) -> None:
        self.job = job
        self._number = number
        self.state = "Open"
        self.rows = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115

    def store(self, body: bytes) -> None:
        self._file.write(body)
        self.rows = sum(part.count(b"\n") for part in body.split(b'"')[::2]) - 1

    def told(self, kind: str) -> bytes:
        """One of the result files."""
        self._file.seek(0)
        rows = csv.reader(io.StringIO(self._file.read().decode(), newline=""))
        told = io.StringIO(newline="")
        writer = csv.writer(told, quoting=csv.QUOTE_ALL, lineterminator="\n")
        own = RESULT_FILES[kind]
        writer.writerow([*own, *next(rows)])
        if kind == "successfulResults":
            writer.writerows(
                [f"003P{self._number:04d}{at:07d}IAA", "true", *row] for at, row in enumerate(rows)
            )
        return told.getvalue().encode()


RESULT_FILES: Mapping[str, tuple[str, ...]] = {
    "successfulResults": ("sf__Id", "sf__Created"),
    "failedResults": ("sf__Id", "sf__Error"),
    "unprocessedrecords": (),
}


class Replay:
    """The canned results by name and by the number inside an id."""

    def __init__(self, canned: list[Canned]) -> None:
        self.results = [Result(number, each, each.content()) for number, each in enumerate(canned)]
        self.by_name = {result.canned.name: result for result in self.results}
        self.uploads: dict[str, Upload] = {}

    def named_by(self, some_id: str) -> Result:
        return self.results[int(some_id[3:7])]

    # Bulk API 1.0

    def create_job(self, request: Request) -> Reply:
        job = _sent_fields(request.body)
        result = self.by_name[job["object"]]
        fields = {"id": result.new_id("750"), **job, "state": "Open"}
        return document(201, "jobInfo", fields, _is_json(request.body))

    def job(self, request: Request) -> Reply:
        job_id = request.path["job"]
        result = self.named_by(job_id)
        fields = {
            "id": job_id,
            "object": result.canned.name,
            "state": "Closed" if request.body else "Open",
            "contentType": "JSON" if result.json else "CSV",
        }
        as_json = _is_json(request.body) if request.body else result.json
        return document(200, "jobInfo", fields, as_json)

    def post_batch(self, request: Request) -> Reply:
        job_id = request.path["job"]
        result = self.named_by(job_id)
        batch_id = result.new_id("751")
        result.batches.setdefault(job_id, []).append(batch_id)
        return self._batch_info(201, request, batch_id, "Queued")

    def batches(self, request: Request) -> Reply:
        """All batches of a load, each Completed."""
        job_id = request.path["job"]
        result = self.named_by(job_id)
        rows = result.content.rows
        inner = "".join(
            f"<batchInfo><id>{batch_id}</id><jobId>{job_id}</jobId><state>Completed</state>"
            f"<numberRecordsProcessed>{rows}</numberRecordsProcessed></batchInfo>"
            for batch_id in result.batches.get(job_id, ())
        )
        listed = f'<batchInfoList xmlns="{NAMESPACE}">{inner}</batchInfoList>'
        return whole(200, "application/xml", listed)

    def batch(self, request: Request) -> Reply:
        return self._batch_info(200, request, request.path["batch"], "Completed")

    def _batch_info(self, status: int, request: Request, batch_id: str, state: str) -> Reply:
        result = self.named_by(batch_id)
        fields: dict[str, object] = {
            "id": batch_id,
            "jobId": request.path["job"],
            "state": state,
            "createdDate": STAMP,
            "systemModstamp": STAMP,
            "numberRecordsProcessed": result.content.rows if state == "Completed" else 0,
            "numberRecordsFailed": 0,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }
        return document(status, "batchInfo", fields, result.json)

    def batch_result(self, request: Request) -> Reply:
        result = self.named_by(request.path["batch"])
        if result.canned.kind.startswith("ingest"):
            job_id, batch_id = request.path["job"], request.path["batch"]
            return result.batch_reply(job_id, batch_id, request.accepts_gzip)
        result_id = f"752{result.number:04d}00000001"
        if result.json:
            return whole(200, "application/json", json.dumps([result_id]))
        listed = f'<result-list xmlns="{NAMESPACE}"><result>{result_id}</result></result-list>'
        return whole(200, "application/xml", listed)

    def query_result(self, request: Request) -> Reply:
        return self.named_by(request.path["result"]).reply(request.accepts_gzip)

    # Bulk API 2.0 queries

    def create_query(self, request: Request) -> Reply:
        name = json.loads(request.body)["query"].split(" FROM ")[1].split()[0]
        return self._query_job(self.by_name[name].new_id("750"))

    def query_job(self, request: Request) -> Reply:
        return self._query_job(request.path["job"])

    def _query_job(self, job_id: str) -> Reply:
        result = self.named_by(job_id)
        fields: dict[str, object] = {
            "id": job_id,
            "operation": "query",
            "object": result.canned.name,
            "createdDate": "2024-01-01T00:00:00.000+0000",
            "state": "JobComplete",
            "jobType": "V2Query",
            "apiVersion": 64.0,
            "numberRecordsProcessed": result.content.rows,
        }
        return document(200, "job", fields, as_json=True)

    def page(self, request: Request) -> Reply:
        locator = re.search(r"locator=(\w+)", request.query)
        result = self.named_by(request.path["job"])
        return result.page(int(locator[1]) if locator else 0, request.accepts_gzip)

    def result_pages(self, request: Request) -> Reply:
        """Five at a time, as an org lists them."""
        found = re.search(r"locator=(\w+)", request.query)
        first = int(found[1]) if found else 0
        result = self.named_by(request.path["job"])
        pages = result.page_count
        base = f"/services/data/v64.0/jobs/query/{request.path['job']}"
        listed = range(first, min(first + 5, pages))
        fields: dict[str, object] = {
            "resultPages": [
                {"resultUrl": f"{base}/results" + (f"?locator={at}" if at else "")} for at in listed
            ],
            "done": listed.stop == pages,
        }
        if listed.stop < pages:
            fields["nextRecordsUrl"] = f"{base}/resultpages?locator={listed.stop}"
        return document(200, "pages", fields, as_json=True)

    # Bulk API 2.0 loads

    def create_ingest(self, request: Request) -> Reply:
        job = json.loads(request.body)
        job_id = self.by_name[job["object"]].new_id("750")
        self.uploads[job_id] = Upload(job, len(self.uploads))
        return self._ingest_job(job_id)

    def ingest_job(self, request: Request) -> Reply:
        job_id = request.path["job"]
        if request.body:
            self.uploads[job_id].state = "JobComplete"
        return self._ingest_job(job_id)

    def _ingest_job(self, job_id: str) -> Reply:
        upload = self.uploads[job_id]
        fields: dict[str, object] = {
            "id": job_id,
            **upload.job,
            "state": upload.state,
            "jobType": "V2Ingest",
            "apiVersion": 64.0,
            "createdDate": "2024-01-01T00:00:00.000+0000",
            "numberRecordsProcessed": upload.rows,
            "numberRecordsFailed": 0,
        }
        return document(200, "job", fields, as_json=True)

    def upload(self, request: Request) -> Reply:
        self.uploads[request.path["job"]].store(request.body)
        return whole(201, "text/plain", "")

    def ingest_results(self, request: Request) -> Reply:
        upload = self.uploads[request.path["job"]]
        return Reply(200, "text/csv", [(upload.told(request.path["kind"]), 1)])

    # REST

    def describe(self, request: Request) -> Reply:
        name = request.path["object"]
        own = self.by_name[name].canned.fields if name in self.by_name else ()
        known = own or tuple(canned_data.TYPES.items())
        fields: list[dict[str, object]] = [{"name": each, "type": kind} for each, kind in known]
        if not own:
            owner = {"relationshipName": "Owner", "referenceTo": ["User"]}
            fields.append({"name": "OwnerId", "type": "reference", **owner})
        return whole(200, "application/json", json.dumps({"name": name, "fields": fields}))

    def limits(self, request: Request) -> Reply:
        allowance = {"DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000}}
        return whole(200, "application/json", json.dumps(allowance))


_MAKING_PAGES = threading.Lock()
_DATA = r"/services/data/v[\d.]+"
_JOB = r"/services/async/[\d.]+/job"
ROUTES: tuple[tuple[str, str, Callable[[Replay, Request], Reply]], ...] = (
    ("POST", _JOB, Replay.create_job),
    ("GET|POST", _JOB + r"/(?P<job>\w+)", Replay.job),
    ("POST", _JOB + r"/(?P<job>\w+)/batch", Replay.post_batch),
    ("GET", _JOB + r"/(?P<job>\w+)/batch", Replay.batches),
    ("GET", _JOB + r"/(?P<job>\w+)/batch/(?P<batch>\w+)", Replay.batch),
    ("GET", _JOB + r"/(?P<job>\w+)/batch/(?P<batch>\w+)/result", Replay.batch_result),
    (
        "GET",
        _JOB + r"/(?P<job>\w+)/batch/(?P<batch>\w+)/result/(?P<result>\w+)",
        Replay.query_result,
    ),
    ("GET", _DATA + r"/sobjects/(?P<object>\w+)/describe", Replay.describe),
    ("GET", _DATA + r"/limits", Replay.limits),
    ("POST", _DATA + r"/jobs/query", Replay.create_query),
    ("GET", _DATA + r"/jobs/query/(?P<job>\w+)", Replay.query_job),
    ("POST", _DATA + r"/jobs/ingest", Replay.create_ingest),
    ("GET|PATCH", _DATA + r"/jobs/ingest/(?P<job>\w+)", Replay.ingest_job),
    ("PUT", _DATA + r"/jobs/ingest/(?P<job>\w+)/batches", Replay.upload),
    ("GET", _DATA + r"/jobs/ingest/(?P<job>\w+)/(?P<kind>\w+)", Replay.ingest_results),
    ("GET", _DATA + r"/jobs/query/(?P<job>\w+)/results", Replay.page),
    ("GET", _DATA + r"/jobs/query/(?P<job>\w+)/(?i:resultPages)", Replay.result_pages),
)


def whole(status: int, media_type: str, text: str) -> Reply:
    return Reply(status, media_type, [(text.encode(), 1)])


def document(status: int, name: str, fields: Mapping[str, object], as_json: bool) -> Reply:
    """A jobInfo or batchInfo in either dialect."""
    if as_json:
        return whole(status, "application/json", json.dumps(fields))
    inner = "".join(f"\n <{key}>{value}</{key}>" for key, value in fields.items())
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    text = f'{declaration}<{name}\n   xmlns="{NAMESPACE}">{inner}\n</{name}>'
    return whole(status, "application/xml", text)


def _is_json(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{"


def _sent_fields(body: bytes) -> dict[str, str]:
    if _is_json(body):
        return {key: str(value) for key, value in json.loads(body).items()}
    job = ElementTree.fromstring(body)
    return {child.tag.rpartition("}")[2]: child.text or "" for child in job}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def do_PATCH(self) -> None:
        self._answer(self._body())

    def do_PUT(self) -> None:
        """The only bodies that are looked at as a whole."""
        self._answer(b"".join(self._pieces()))

    def _answer(self, body: bytes) -> None:
        accepts_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        path, _, query = self.path.partition("?")
        path = path.rstrip("/")
        for methods, pattern, answer in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in methods.split("|"):
                self._send(answer(self.server.replay, Request(match, body, accepts_gzip, query)))
                return
        self._send(whole(404, "text/plain", f"not canned: {self.command} {self.path}"))

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        self.send_header("Content-Type", reply.media_type)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.gzip:
            self.send_header("Content-Encoding", "gzip")
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            size = sum(len(piece) * times for piece, times in reply.pieces)
            self.send_header("Content-Length", str(size))
        self.end_headers()
        # A client may leave in the middle of a download.
        with contextlib.suppress(ConnectionError):
            for piece, times in reply.pieces:
                for _ in range(times):
                    self.connection.sendall(piece)

    def _body(self) -> bytes:
        """The request's body; of a large one only the start, since it is not looked at."""
        pieces = self._pieces()
        start = next(pieces, b"")
        for _ in pieces:
            pass
        return start

    def _pieces(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self._chunks()
        return self._sized(int(self.headers.get("Content-Length", 0)))

    def _sized(self, left: int) -> Iterator[bytes]:
        while left:
            piece = self.rfile.read(min(left, DRAIN_SIZE))
            if not piece:
                return
            left -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield from self._sized(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        # A client that has what it wants, such as a task of Spark's, may end its connection.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address


@contextlib.contextmanager
def replay_server(canned: list[Canned]) -> Iterator[str]:
    """The address of a server of these results, in a process of its own, ended with the block."""
    described = json.dumps([asdict(each) for each in canned])
    process = subprocess.Popen(
        [sys.executable, __file__, described], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"the replay server ended with {process.wait()}")
        yield address
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    server = Server(Replay([Canned(**each) for each in json.loads(sys.argv[1])]))
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
