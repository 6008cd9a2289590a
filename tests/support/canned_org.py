"""A server of one 2.0 query job that says exactly what a test wants, well-behaved or not."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

RESULTS = "/services/data/v64.0/jobs/query/750000000000001AAA/results"

DESCRIBE = {
    "name": "Thing",
    "keyPrefix": "00T",
    "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "Amount", "type": "double"},
        {"name": "SystemModstamp", "type": "datetime"},
    ],
}


class CannedOrg:
    """Each page is (body, headers) or a list of them, one for each time it is asked for.

    ``job`` is the job's document; ``pages`` maps locators (None for the first page) to answers.
    A header of None leaves out what would be sent; ``sized`` says whether bodies tell a length.
    """

    def __init__(self, pages, rows, version=64.0, sized=True):
        self.pages = pages
        self.sized = sized
        self.asked = []
        self.job = {
            "id": "750000000000001AAA",
            "state": "JobComplete",
            "operation": "query",
            "object": "Thing",
            "jobType": "V2Query",
            "apiVersion": version,
            "numberRecordsProcessed": rows,
            "createdDate": "2024-01-01T00:00:00.000+0000",
        }

    def __enter__(self):
        org = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                org.answer(self)

            def do_POST(self):
                self.body = self.rfile.read(int(self.headers["Content-Length"]))
                org.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, handler):
        parts = urlsplit(handler.path)
        self.asked.append(handler.path)
        if parts.path.endswith("/describe"):
            return self._send(handler, json.dumps(DESCRIBE).encode(), {}, "application/json")
        if parts.path.endswith("/limits"):
            return self._send(handler, b"{}", {}, "application/json")
        if parts.path.endswith("/results"):
            locator = parse_qs(parts.query).get("locator", [None])[0]
            answers = self.pages[locator]
            if isinstance(answers, list):
                answers = answers.pop(0) if len(answers) > 1 else answers[0]
            return self._send(handler, *answers, "text/csv")
        if "/jobs/query" in parts.path:
            return self._send(handler, json.dumps(self.job).encode(), {}, "application/json")
        return handler.send_error(404)

    def _send(self, handler, body, headers, kind):
        status = headers.get("status", 200)
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            if name != "status":
                handler.send_header(name, value)
        if self.sized or kind != "text/csv":
            handler.send_header("Content-Length", str(len(body)))
        else:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        handler.wfile.write(body)


class PageLists(CannedOrg):
    """``lists`` maps locators (None for the first list) to (locators of pages, next locator)."""

    def __init__(self, pages, rows, lists):
        super().__init__(pages, rows)
        self.lists = lists

    def answer(self, handler):
        parts = urlsplit(handler.path)
        if not parts.path.lower().endswith("/resultpages"):
            return super().answer(handler)
        self.asked.append(handler.path)
        locators, further = self.lists[parse_qs(parts.query).get("locator", [None])[0]]
        urls = [RESULTS if at is None else f"{RESULTS}?locator={at}" for at in locators]
        document = {
            "resultPages": [{"resultUrl": url} for url in urls],
            "nextRecordsUrl": f"{parts.path}?locator={further}" if further else None,
            "done": further is None,
        }
        return self._send(handler, json.dumps(document).encode(), {}, "application/json")


class CannedChunks(CannedOrg):
    """A 1.0 job with PK chunking: ``lists`` are the answers to one question after the other."""

    NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"

    def __init__(self, lists, files):
        super().__init__({}, 0)
        self.lists = lists
        self.files = files

    def answer(self, handler):
        parts = urlsplit(handler.path)
        self.asked.append(handler.path)
        if parts.path.endswith("/describe"):
            return self._send(handler, json.dumps(DESCRIBE).encode(), {}, "application/json")
        tail = parts.path.split("/job")[1].strip("/").split("/")
        if tail[-1] == "result":
            inner = "".join(f"<result>{each}</result>" for each in self.files[tail[2]])
            return self._xml(
                handler, f'<result-list xmlns="{self.NAMESPACE}">{inner}</result-list>'
            )
        if len(tail) == 5:
            return self._send(handler, self.files[tail[2]][tail[4]], {}, "text/csv")
        if tail[-1] == "batch" and handler.command == "GET":
            batches = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
            inner = "".join(
                f"<batchInfo><id>{id_}</id><state>{state}</state>"
                f"<numberRecordsProcessed>{rows}</numberRecordsProcessed></batchInfo>"
                for id_, state, rows in batches
            )
            return self._xml(
                handler, f'<batchInfoList xmlns="{self.NAMESPACE}">{inner}</batchInfoList>'
            )
        info = "<id>750A</id><state>Open</state>" if tail[-1] != "batch" else "<id>751A</id>"
        return self._xml(handler, f'<jobInfo xmlns="{self.NAMESPACE}">{info}</jobInfo>')

    def _xml(self, handler, text):
        self._send(handler, text.encode(), {}, "application/xml")


def page(rows, locator="null", header=("Id", "Name")):
    """A page and its headers."""
    lines = [header, *rows] if header else rows
    text = "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines)
    return text.encode(), {"Sforce-NumberOfRecords": str(len(rows)), "Sforce-Locator": locator}
