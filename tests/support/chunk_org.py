"""A server of one 1.0 query job with PK chunking that says exactly what a test wants."""

from urllib.parse import urlsplit

from canned_org import CannedChunks


class ChunkOrg(CannedChunks):
    """`CannedChunks` that knows what was posted, the job's state and counters, and tries again.

    ``requests`` are the batches' queries by id; ``info`` is put into the job's description. A
    batch that is posted to the job of a second try (``750B``) is ``751Z``, done at once, its
    file that of ``files["751Z"]``, its rows ``tried_rows``.
    """

    def __init__(self, lists, files, requests=None, info="<state>Open</state>", tried_rows=1):
        super().__init__(lists, files)
        self.requests = requests or {}
        self.info = info
        self.tried_rows = tried_rows
        self.posted = []
        self.closed = []
        self._jobs = 0

    def answer(self, handler):
        parts = urlsplit(handler.path)
        if not parts.path.startswith("/services/async"):
            return super().answer(handler)
        tail = parts.path.split("/job")[1].strip("/").split("/")
        if handler.command == "POST":
            return self._post(handler, tail)
        if tail[-1] == "request":
            self.asked.append(handler.path)
            return self._send(handler, self.requests[tail[2]].encode(), {}, "text/csv")
        if len(tail) == 1:
            self.asked.append(handler.path)
            inner = f"<id>{tail[0]}</id><operation>query</operation><object>Thing</object>"
            return self._xml(
                handler, f'<jobInfo xmlns="{self.NAMESPACE}">{inner}{self.info}</jobInfo>'
            )
        if tail[-1] == "751Z":
            self.asked.append(handler.path)
            inner = (
                "<id>751Z</id><state>Completed</state>"
                f"<numberRecordsProcessed>{self.tried_rows}</numberRecordsProcessed>"
            )
            return self._xml(handler, f'<batchInfo xmlns="{self.NAMESPACE}">{inner}</batchInfo>')
        return super().answer(handler)

    def _post(self, handler, tail):
        self.asked.append(handler.path)
        if tail == [""]:
            self._jobs += 1
            return self._xml(handler, self._info("AB"[min(self._jobs, 2) - 1]))
        if tail[-1] == "batch":
            self.posted.append(handler.body.decode())
            batch = "751A" if tail[0] == "750A" else "751Z"
            return self._xml(
                handler, f'<batchInfo xmlns="{self.NAMESPACE}"><id>{batch}</id></batchInfo>'
            )
        self.closed.append(tail[0])
        return self._xml(handler, self._info(tail[0][-1]))

    def _info(self, letter):
        return f'<jobInfo xmlns="{self.NAMESPACE}"><id>750{letter}</id></jobInfo>'
