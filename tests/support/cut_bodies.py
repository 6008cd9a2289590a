"""Every body of a corpus, cut at every byte, through every sink: never a wrong whole.

    python tests/support/cut_bodies.py             # all of it
    python tests/support/cut_bodies.py --every 7   # every seventh byte

A query job's page is sent with a length, in chunks, compressed, and with none of these, and breaks
off at a byte. A reading must end with an error where every further answer breaks off there too,
and with exactly the rows of the whole body where the next answer is whole. Exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from canned_org import CannedOrg
from fast_clock import FastClock

from salesforce_bulk import BulkApiError, IncompleteBody, ReconciliationError, SalesforceBulk

SOQL = "SELECT Id, Name FROM Thing"
HEADER = b'"Id","Name"\n'

#: Bodies whose ends look like ends of records, or like none.
CORPUS = {
    "quotes": HEADER + b'"1","say ""hi"" to ""all"""\n"2",""""\n"3","""a"",""b"""\n',
    "breaks": HEADER + b'"1","line\nline\r\n\n"\n"2","\n"\n"3","a\n""b""\nc"\n',
    "multi-byte": HEADER + '"1","ä€😀\u2028"\n"2","日本,\n""語"""\n'.encode(),
    "empty cells": HEADER + b'"1",""\n"2",""\n"",""\n',
    "bare": b"Id,Name\n1,one\n2,two\n3,\n",
    "carriage returns": b'"Id","Name"\r\n"1","a\r\nb"\r\n"2","""\r\n"""\r\n',
    "byte order mark": b"\xef\xbb\xbf" + HEADER + b'"1","x"\n',
    "numbers": HEADER + b'"1","12"\n"2","123"\n"3","1234"\n',
}
FRAMES = ("length", "chunked", "gzip", "gzip and length", "neither", "length of the cut")
#: Frames in which a cut between two records shows by counts alone.
UNSEEN = ("neither", "length of the cut")


class CutOrg(CannedOrg):
    """One page in a frame, whose first answers break off.

    Attributes:
        body, frame: what is sent.
        at: bytes of the frame that are sent, for so many answers (``cuts``) more.
        counted: whether the page tells its rows.
    """

    body, frame, at, cuts, counted = b"", "length", 0, 0, False

    def use(self, body: bytes, frame: str, counted: bool, job_counts: bool) -> int:
        """Serve this one; how many bytes it has in its frame."""
        self.body, self.frame, self.counted = body, frame, counted
        self.job["numberRecordsProcessed"] = len(rows_of(body)) if job_counts else None
        return len(self._framed())

    def _framed(self) -> bytes:
        packed = gzip.compress(self.body, mtime=0) if "gzip" in self.frame else self.body
        if self.frame != "chunked":
            return packed
        parts = [packed[start : start + 16] for start in range(0, len(packed), 16)]
        return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])

    def _send(self, handler: Any, body: bytes, headers: dict[str, str], kind: str) -> None:
        if kind != "text/csv":
            super()._send(handler, body, headers, kind)
            return
        framed = self._framed()
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Sforce-Locator", "null")
        handler.send_header("Connection", "close")
        if self.counted:
            handler.send_header("Sforce-NumberOfRecords", str(len(rows_of(self.body))))
        if "gzip" in self.frame:
            handler.send_header("Content-Encoding", "gzip")
        if "length" in self.frame:
            whole = "cut" not in self.frame or not self.cuts
            handler.send_header("Content-Length", str(len(framed) if whole else self.at))
        if self.frame == "chunked":
            handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(framed[: self.at] if self.cuts else framed)
        self.cuts = max(0, self.cuts - 1)
        handler.close_connection = True


def rows_of(text: bytes) -> list[list[str]]:
    """The rows of a CSV body by the standard library."""
    lines = io.StringIO(text.decode("utf-8-sig"), newline="")
    return list(csv.reader(lines))[1:]


def _read_file(export: Any, folder: Path, **_: Any) -> list[list[str]]:
    path = folder / "x.csv"
    path.unlink(missing_ok=True)
    try:
        export.to_csv(path)
    finally:
        left = [each.name for each in folder.iterdir() if each.name != "x.csv"]
        if left:
            raise RuntimeError(f"files were left: {left}")
    return rows_of(path.read_bytes())


def _read_open_file(export: Any, folder: Path) -> list[list[str]]:
    file = io.BytesIO()
    export.to_csv(file)
    return rows_of(file.getvalue())


def _read_rows(export: Any, folder: Path) -> list[list[str]]:
    return [[row["Id"] or "", row["Name"] or ""] for row in export]


def _read_arrow(export: Any, folder: Path) -> list[list[str]]:
    return [[row["Id"] or "", row["Name"] or ""] for row in export.to_arrow().to_pylist()]


def _read_parts(export: Any, folder: Path) -> list[list[str]]:
    parts = export.parts()
    rows = [[row["Id"] or "", row["Name"] or ""] for part in parts for row in part]
    # A page alone does not know the job's count, which its readers compare together.
    if len(rows) != export.rows_expected:
        raise ReconciliationError("a part is cut")
    return rows


Sink = Callable[[Any, Path], "list[list[str]]"]
SINKS: dict[str, Sink] = {
    "rows": _read_rows,
    "file": _read_file,
    "open file": _read_open_file,
    "arrow": _read_arrow,
    "parts": _read_parts,
}


class Case(NamedTuple):
    """One reading."""

    body: str
    frame: str
    sink: str
    counts: str
    cuts: int
    at: int


def wrong_wholes(
    every: int = 1, bodies: Any = tuple(CORPUS), sinks: Any = tuple(SINKS), first: int = 0
) -> Iterator[tuple[Case, str]]:
    """Each case, and what is wrong with it; empty where nothing is.

    Args:
        every: so many bytes from cut to cut.
        bodies, sinks: names of those that are tried.
        first: the byte to begin with.
    """
    # A version without lists of pages, which this server does not have.
    with CutOrg({None: (b"", {})}, 0, version=57.0) as org, tempfile.TemporaryDirectory() as folder:
        bulk = SalesforceBulk(
            sessionId="00D!x", host=org.host, API_version="57.0", clock=FastClock()
        )
        for name in bodies:
            for frame in FRAMES:
                for counts in ("page and job", "job"):
                    size = org.use(CORPUS[name], frame, counts != "job", True)
                    for at in range(first % every, size, every):
                        for sink in sinks:
                            for cuts in (1, 1_000):
                                case = Case(name, frame, sink, counts, cuts, at)
                                org.at, org.cuts = at, cuts
                                yield case, _wrong(bulk, case, Path(folder))


def _wrong(bulk: SalesforceBulk, case: Case, folder: Path) -> str:
    whole = rows_of(CORPUS[case.body])
    try:
        read = SINKS[case.sink](bulk.export(SOQL), folder)
    except BulkApiError as error:
        if case.frame in UNSEEN and isinstance(error, (ReconciliationError, IncompleteBody)):
            return ""  # seen by counts or open quotes alone, behind what was delivered
        return f"ended with {error!r} although the second answer is whole" * (case.cuts == 1)
    return f"{read} was given for {whole}" * (read != whole)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1)
    logging.getLogger("salesforce_bulk").addHandler(logging.NullHandler())
    tried = wrong = 0
    for case, fault in wrong_wholes(parser.parse_args().every):
        tried += 1
        if fault:
            wrong += 1
            sys.stdout.write(f"{case} {fault}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{tried:,} readings of bodies that broke off: {wrong} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
