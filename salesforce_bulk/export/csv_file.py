"""A CSV file made of pages: their bytes copied, one header, resumed where a crash left it."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import IncompleteBody, InvalidInput
from salesforce_bulk.export.download import BROKEN, PageRetries
from salesforce_bulk.export.page_reading import HeaderSplitter, PageBody, Reading, check_count
from salesforce_bulk.formats.csv_reader import RecordCounter
from salesforce_bulk.formats.values import to_text
from salesforce_bulk.storage.files import SteadySync, part_path, put_in_place, sync
from salesforce_bulk.storage.journal import Entry, Journal
from salesforce_bulk.wire.v1 import Unreadable

#: Bytes written at a time: the system takes as long for a few as for many, and each time another
#: thread is let in.
_BUFFER_BYTES = 1 << 20


class ResumePoint(NamedTuple):
    """What an earlier process wrote.

    Attributes:
        keys: of the pages, in order.
        rows: of each page, with its batch.
        end: of the last page in the file.
        next_locator: of the page behind the last one.
        was_last: whether no page is behind it.
    """

    keys: list[list[str | None]]
    rows: list[tuple[str | None, int]]
    end: int
    next_locator: str | None
    was_last: bool


class CsvTarget:
    """The file while it is written.

    Args:
        file: binary; readable too where ``journal`` is used.
        place: (part, target) of a file that takes its name at the end.
        journal: records each page.
        taken: what is in the file already.
        finished: the rows of a file that is in its place already.

    Attributes:
        has_header: whether the header was written.
        page_rows: rows of the page that was copied last.
    """

    def __init__(
        self,
        file: IO[bytes] | None,
        place: tuple[Path, Path] | None = None,
        journal: Journal | None = None,
        taken: ResumePoint | None = None,
        finished: int | None = None,
    ) -> None:
        self.finished = finished
        self.taken = taken
        self.page_rows = 0
        self.has_header = False
        self._file = file
        self._place = place
        self._journal = journal
        self._header: list[str] | None = None
        self._sync = SteadySync(file) if file is not None and place is not None else None
        if taken is not None and taken.end:
            self._read_header()

    @property
    def file(self) -> IO[bytes]:
        """What is written to."""
        if self._file is None:
            raise RuntimeError("the file is finished")
        return self._file

    @property
    def can_undo(self) -> bool:
        """Whether what was written of a page can be taken back where it breaks off."""
        return self._place is not None

    def copy(
        self, access: OrgAccess, body: PageBody, reading: Reading, report: Callable[[], None]
    ) -> None:
        """Write a page behind the others, without its header where there is one already.

        A page that breaks on the way is taken back and fetched again, where the file allows it.

        Raises:
            ReconciliationError: more or fewer rows than the server counted.
            Unreadable: its header is not that of the first page, or not that of the export.
        """
        if not self.can_undo:
            self._copy_pieces(body, body.ahead(iter(body)), reading, report)
            return
        tries, start, header = PageRetries(access, body.page), self.file.tell(), self._header
        while True:
            try:
                self._copy_pieces(body, body.ahead(body.first_try()), reading, report)
                break
            except BROKEN as error:
                self._header, self.has_header = header, header is not None
                tries.again(error, self.file.tell() - start)
                self.file.seek(start)
                self.file.truncate()
        self._note_page(body)

    def _copy_pieces(
        self,
        body: PageBody,
        pieces: Generator[bytes, None, None],
        reading: Reading,
        report: Callable[[], None],
    ) -> None:
        records, counter, write = HeaderSplitter(pieces), RecordCounter(), self.file.write
        began = False
        with contextlib.closing(pieces):
            for piece in records:
                if not began:
                    self._take_header(records, reading)
                    began = True
                write(piece)
                counter.feed(piece)
                if self._sync is not None:
                    self._sync.wrote(len(piece))
                report()
        if not began and records.header is not None:
            self._take_header(records, reading)
        if began and body.ends_open:
            write(b"\n")
        if counter.in_quotes:
            raise IncompleteBody("The answer ends within a record. Fetch it again.")
        self.page_rows = counter.records + (began and body.ends_open)
        check_count(body, self.page_rows)

    def write_header(self, names: Sequence[str]) -> None:
        """Write a header as the org would."""
        self._write_records([names])
        self.has_header = True

    def restart(self, names: Sequence[str]) -> None:
        """Forget what is in the file, and write the header."""
        if self.taken is not None:
            self.file.seek(0)
            self.file.truncate()
            self.taken = None
        self.write_header(names)

    def write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows of values, as the org would write them."""
        self._write_records([[to_text(value) or "" for value in row] for row in rows])

    def put_in_place(self, rows: int) -> None:
        """The file is complete and reconciled: bring it to the disk and give it its name."""
        self.file.flush()
        if self._place is None:
            return
        part, target = self._place
        sync(self.file)
        self.file.close()
        self._append({"do": "reconciled", "rows": rows})
        put_in_place(part, target)
        self._append({"do": "done", "rows": rows})

    def _take_header(self, records: HeaderSplitter, reading: Reading) -> None:
        header = records.header or []
        if self._header is None:
            reading.order_of(header)
            self._header = header
            self.has_header = True
            written = records.header_bytes
            self.file.write(written if written.endswith(b"\n") else written + b"\n")
        elif header != self._header:
            raise Unreadable(f"the header of this page is {header}, not {self._header}")

    def _read_header(self) -> None:
        self.file.seek(0)
        for _ in (first := HeaderSplitter(iter(lambda: self.file.read(1 << 16), b""))):
            break
        self._header = first.header
        self.has_header = True
        self.file.seek(0, os.SEEK_END)

    def _write_records(self, records: Iterable[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(records)
        self.file.write(text.getvalue().encode("utf-8"))

    def _note_page(self, body: PageBody) -> None:
        if self._journal is None:
            return
        sync(self.file)
        page = body.page
        self._append(
            {
                "do": "page",
                "key": list(page.key),
                "batch": page.batch_id,
                "rows": self.page_rows,
                "end": self.file.tell(),
                "next": body.next_locator,
            }
        )

    def _append(self, entry: Entry) -> None:
        if self._journal is not None:
            self._journal.append(entry)


@contextlib.contextmanager
def open_target(
    target: str | os.PathLike[str] | IO[bytes], journal: Journal | None
) -> Iterator[CsvTarget]:
    """What an export writes CSV to.

    A part that a crash or an error leaves stays where a journal knows it, and goes otherwise.
    """
    if not isinstance(target, (str, os.PathLike)):
        yield CsvTarget(_binary(target))
        return
    path = Path(target).absolute()
    if journal is None:
        part = part_path(path)
        with part.open("x+b", buffering=_BUFFER_BYTES) as file:
            try:
                yield CsvTarget(file, (part, path))
            except BaseException:
                file.close()
                part.unlink(missing_ok=True)
                raise
        return
    finished = _finished(journal, path)
    if finished is not None:
        yield CsvTarget(None, finished=finished)
        return
    part, taken = _resume_point(journal, path)
    if taken is None:
        part = part_path(path)
        journal.append({"do": "file", "path": str(path), "part": part.name})
    with part.open("r+b" if taken else "x+b", buffering=_BUFFER_BYTES) as file:
        if taken:
            file.truncate(taken.end)
            file.seek(0, os.SEEK_END)
        yield CsvTarget(file, (part, path), journal, taken)


def _binary(file: Any) -> IO[bytes]:
    if not hasattr(file, "write") or isinstance(file, io.TextIOBase):
        raise InvalidInput(
            f"to_csv takes a path or a binary file, not {type(file).__name__}; of sys.stdout take "
            "sys.stdout.buffer."
        )
    return file  # type: ignore[no-any-return]


def _entries_of(journal: Journal, path: Path) -> tuple[Entry | None, list[Entry]]:
    """The last file of that path in a journal, and what followed."""
    at = next(
        (
            number
            for number, entry in reversed(list(enumerate(journal.entries)))
            if entry["do"] == "file" and entry["path"] == str(path)
        ),
        None,
    )
    return (None, []) if at is None else (journal.entries[at], journal.entries[at + 1 :])


def _finished(journal: Journal, path: Path) -> int | None:
    """The rows of a file that an earlier process reconciled, brought into its place."""
    file, entries = _entries_of(journal, path)
    ends = {entry["do"]: entry for entry in entries if entry["do"] in ("reconciled", "done")}
    if file is None or "reconciled" not in ends:
        return None
    part = path.with_name(file["part"])
    if "done" not in ends and part.exists():
        put_in_place(part, path)
    if not path.exists():
        return None
    if "done" not in ends:
        journal.append({"do": "done", "rows": ends["reconciled"]["rows"]})
    return int(ends["reconciled"]["rows"])


def _resume_point(journal: Journal, path: Path) -> tuple[Path, ResumePoint | None]:
    file, entries = _entries_of(journal, path)
    if file is None:
        return path, None
    part = path.with_name(file["part"])
    pages = [entry for entry in entries if entry["do"] == "page"]
    end = pages[-1]["end"] if pages else 0
    if not part.exists() or part.stat().st_size < end:
        return path, None
    return part, ResumePoint(
        keys=[page["key"] for page in pages],
        rows=[(page["batch"], page["rows"]) for page in pages],
        end=end,
        next_locator=pages[-1]["next"] if pages else None,
        was_last=bool(pages) and pages[-1]["next"] is None and pages[-1]["batch"] is None,
    )
