"""A CSV file made of pages: their bytes copied, one header, resumed where a crash left it."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import logging
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import IncompleteBody, InvalidInput
from salesforce_bulk.export.download import BROKEN, PageRetries
from salesforce_bulk.export.page_reading import HeaderSplitter, PageBody, Reading, check_count
from salesforce_bulk.formats.csv_reader import RecordCounter
from salesforce_bulk.formats.values import to_text
from salesforce_bulk.storage.files import (
    SteadySync,
    open_file_errors,
    open_part,
    part_path,
    put_in_place,
    removed_on_error,
    storage_errors,
    sync,
    write_all,
)
from salesforce_bulk.storage.journal import Entry, Journal
from salesforce_bulk.storage.packing import compressed, compressor_of
from salesforce_bulk.wire.document import UnreadableDocument

log = logging.getLogger("salesforce_bulk")

#: Knows again what is kept of a file between two runs.
Digest = hashlib.blake2b
_DIGEST_BYTES = 16
#: Bytes written at a time: the system takes as long for a few as for many, and each time another
#: thread is let in.
_BUFFER_BYTES = 1 << 20


def new_digest() -> Digest:
    """Of no bytes yet."""
    return hashlib.blake2b(digest_size=_DIGEST_BYTES)


class ResumePoint(NamedTuple):
    """What an earlier process wrote, as far as it is still there.

    Attributes:
        keys: of the pages, in order.
        rows: of each page, with its batch.
        header: of the file; None where no page had one.
        end: of the last page in the file.
        digest: of the bytes up to there.
        next_locator: of the page behind the last one.
        was_last: whether no page is behind it.
    """

    keys: list[list[str | None]]
    rows: list[tuple[str | None, int]]
    header: list[str] | None
    end: int
    digest: Digest
    next_locator: str | None
    was_last: bool


class _Output:
    """The bytes on their way into the file, which may be the caller's own.

    Attributes:
        digest: of all bytes in the file; None where nobody needs it.
    """

    def __init__(self, file: IO[bytes], digest: Digest | None, own: bool) -> None:
        self.digest = digest
        self._file = file
        self._own = own

    def write(self, content: Any) -> int:
        """Write all of it."""
        if self._own:
            self._file.write(content)
        else:
            write_all(self._file, content)
        if self.digest is not None:
            self.digest.update(content)
        return len(content)


def csv_text(records: Iterable[Sequence[str]]) -> bytes:
    """The records as the org would write them."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(records)
    return text.getvalue().encode("utf-8")


def texts_of(rows: Iterable[Sequence[Any]]) -> list[list[str]]:
    """Rows of values as the org would write them."""
    return [[to_text(value) or "" for value in row] for row in rows]


class CsvPage:
    """One page as a piece of a CSV text that has one header.

    Args:
        body: of the page.
        reading: the export's columns.
        header: of the text; None where nothing came before.

    Attributes:
        header: of the text, with this page.
        rows: of the page, once it was read.
    """

    def __init__(self, body: PageBody, reading: Reading, header: list[str] | None) -> None:
        self.header = header
        self.rows = 0
        self._body = body
        self._reading = reading

    def text(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The bytes of the page, behind its header where there was one before.

        Args:
            pieces: of the body.

        Raises:
            ReconciliationError: more or fewer rows than the server counted.
            UnreadableDocument: its header is not that of the text, or not that of the export.
        """
        records = HeaderSplitter(pieces, self._reading.most_record_bytes)
        counter = RecordCounter()
        for piece in records:
            yield from self._begin(records)
            yield piece
            counter.feed(piece)
        yield from self._begin(records)
        if counter.in_quotes:
            raise IncompleteBody("The answer ends within a record. Fetch it again.")
        self.rows = counter.records
        check_count(self._body, self.rows)

    def _begin(self, records: HeaderSplitter) -> Iterator[bytes]:
        header = records.header
        if header is None or header is self.header:
            return
        if self.header is None:
            self._reading.order_of(header)
            yield records.header_bytes
        elif header != self.header:
            raise UnreadableDocument(f"the header of this page is {header}, not {self.header}")
        self.header = header


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
        self._file = file
        self._place = place
        self._journal = journal
        self._header = self._noted_header = taken.header if taken else None
        self.has_header = self._header is not None
        digest = taken.digest if taken else new_digest()
        self._digest = digest if journal is not None else None
        self._records: list[bytes] = []
        self._sync = SteadySync(file) if file is not None and place is not None else None

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
            UnreadableDocument: its header is not that of the first page, or not that of the export.
        """
        if not self.can_undo:
            self._copy_pieces(body, body.ahead(iter(body)), reading, report)
            return
        tries, start, header = PageRetries(access, body.page), self.file.tell(), self._header
        digest = self._digest
        while True:
            try:
                self._digest = digest.copy() if digest is not None else None
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
        page = CsvPage(body, reading, self._header)
        with contextlib.closing(pieces), self._compress() as file:
            for piece in page.text(pieces):
                file.write(piece)
                if self._sync is not None:
                    self._sync.wrote(len(piece))
                report()
        self._header, self.page_rows = page.header, page.rows
        self.has_header = self._header is not None

    @contextlib.contextmanager
    def _compress(self) -> Iterator[Any]:
        """What takes bytes for the file, compressed by themselves where its name asks for it."""
        output = _Output(self.file, self._digest, self._place is not None)
        if self._place is None:
            yield output
            return
        with compressed(cast("IO[bytes]", output), self._place[1]) as file:
            yield file

    def write_header(self, names: Sequence[str]) -> None:
        """Write a header as the org would."""
        self._add_records([names])
        self.has_header = True

    def restart(self, names: Sequence[str]) -> None:
        """Forget what is in the file, and write the header."""
        if self.taken is not None:
            self.file.seek(0)
            self.file.truncate()
            self.taken = None
            self._digest = new_digest()
        self.write_header(names)

    def write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows of values, as the org would write them."""
        self._add_records(texts_of(rows))

    def put_in_place(self, rows: int) -> None:
        """The file is complete and reconciled: bring it to the disk and give it its name."""
        self._write_records()
        if self._place is None:
            with open_file_errors(self.file):
                self.file.flush()
            return
        self.file.flush()
        part, target = self._place
        sync(self.file)
        end = self.file.tell()
        self.file.close()
        self._append({"do": "reconciled", "rows": rows, "end": end, "digest": self._digest_kept()})
        put_in_place(part, target)
        self._append({"do": "done", "rows": rows})

    def _digest_kept(self) -> str | None:
        return None if self._digest is None else self._digest.hexdigest()

    def _add_records(self, records: Iterable[Sequence[str]]) -> None:
        self._records.append(csv_text(records))
        if sum(map(len, self._records)) >= _BUFFER_BYTES:
            self._write_records()

    def _write_records(self) -> None:
        if self._records:
            with self._compress() as file:
                file.write(b"".join(self._records))
        self._records = []

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
                "digest": self._digest_kept(),
                "next": body.next_locator,
                "header": self._header if self._noted_header is None else None,
            }
        )
        self._noted_header = self._header

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
    compressor_of(target)
    path = Path(target).absolute()
    with storage_errors(f"The file {path}"):
        if journal is None:
            part = part_path(path)
            with removed_on_error(part), open_part(part, _BUFFER_BYTES) as file:
                yield CsvTarget(file, (part, path))
        else:
            with _resume_target(journal, path) as csv_file:
                yield csv_file


@contextlib.contextmanager
def _resume_target(journal: Journal, path: Path) -> Iterator[CsvTarget]:
    finished = _finished_rows(journal, path)
    if finished is not None:
        yield CsvTarget(None, finished=finished)
        return
    part, taken = _resume_point(journal, path)
    if taken is None:
        part = part_path(path)
        journal.append({"do": "file", "path": str(path), "part": part.name})
        opened = open_part(part, _BUFFER_BYTES)
    else:
        opened = part.open("r+b", buffering=_BUFFER_BYTES)
    with opened as file:
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


def _finished_rows(journal: Journal, path: Path) -> int | None:
    """The rows of a file that an earlier process reconciled, brought into its place."""
    file, entries = _entries_of(journal, path)
    ends = {entry["do"]: entry for entry in entries if entry["do"] in ("reconciled", "done")}
    if file is None or "reconciled" not in ends:
        return None
    reconciled, part = ends["reconciled"], path.with_name(file["part"])
    if "done" not in ends:
        if _is_as_written(part, reconciled):
            put_in_place(part, path)
        if not _is_as_written(path, reconciled):
            return None
        journal.append({"do": "done", "rows": reconciled["rows"]})
    elif not path.exists():
        return None
    elif not _is_as_written(path, reconciled):
        log.warning("%s is not what the run of the journal wrote: it was changed since", path)
    return int(reconciled["rows"])


def _is_as_written(path: Path, reconciled: Entry) -> bool:
    """Whether the file is there and nobody has changed it."""
    if not path.is_file() or path.stat().st_size != reconciled["end"]:
        return False
    digest = new_digest()
    with path.open("rb") as file:
        _digest_up_to(file, digest, reconciled["end"])
    return bool(digest.hexdigest() == reconciled["digest"])


def _digest_up_to(file: IO[bytes], digest: Digest, end: int) -> None:
    while piece := file.read(min(_BUFFER_BYTES, end - file.tell())):
        digest.update(piece)


def _resume_point(journal: Journal, path: Path) -> tuple[Path, ResumePoint | None]:
    file, entries = _entries_of(journal, path)
    if file is None:
        return path, None
    part = path.with_name(file["part"])
    if not part.is_file():
        return path, None
    noted = [entry for entry in entries if entry["do"] == "page"]
    pages, digest = _unchanged_pages(part, noted)
    if len(pages) < len(noted):
        log.warning(
            "%s was changed since it was written; it is used up to page %d of %d, and the rest "
            "is fetched again",
            part,
            len(pages),
            len(noted),
        )
    return part, ResumePoint(
        keys=[page["key"] for page in pages],
        rows=[(page["batch"], page["rows"]) for page in pages],
        header=next((page["header"] for page in pages if page["header"]), None),
        end=pages[-1]["end"] if pages else 0,
        digest=digest,
        next_locator=pages[-1]["next"] if pages else None,
        was_last=bool(pages) and pages[-1]["next"] is None and pages[-1]["batch"] is None,
    )


def _unchanged_pages(part: Path, pages: list[Entry]) -> tuple[list[Entry], Digest]:
    """The first pages whose bytes are what was written, and the digest of those."""
    kept: list[Entry] = []
    digest = new_digest()
    with part.open("rb") as file:
        for page in pages:
            further = digest.copy()
            _digest_up_to(file, further, page["end"])
            if further.hexdigest() != page["digest"]:
                break
            kept.append(page)
            digest = further
    return kept, digest
