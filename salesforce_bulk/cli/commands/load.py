"""``insert``, ``update``, ``upsert``, ``delete``, ``hard-delete``: a file's rows into an object."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesforce_bulk.cli.answer import Answer, shell_command
from salesforce_bulk.cli.files.failed_file import changed_file, write_failed_file
from salesforce_bulk.cli.files.formats import FORMATS
from salesforce_bulk.cli.files.rows import opened_rows
from salesforce_bulk.cli.files.target import refuse_no_file, refuse_no_folder
from salesforce_bulk.cli.numbers import add_timeout_argument, whole_number
from salesforce_bulk.cli.option_words import told
from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.runs import Run, absolute, new_run
from salesforce_bulk.errors import InvalidInput, StorageError
from salesforce_bulk.storage.files import storage_errors

if TYPE_CHECKING:
    from salesforce_bulk import LoadResult, RowResult

LOADS = ("insert", "update", "upsert", "delete", "hard-delete")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that all loads share."""
    parser.add_argument("object", metavar="OBJECT", help="API name, e.g. Account")
    parser.add_argument("file", metavar="FILE", help="rows to load; - reads stdin")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="NAME",
        help=f"{', '.join(FORMATS)}; .gz and .zst by name",
    )
    parser.add_argument(
        "--map", metavar="OLD=NEW", action="append", default=[], help="a column's field; repeatable"
    )
    parser.add_argument(
        "--constant", metavar="FIELD=TEXT", action="append", default=[], help="for every row"
    )
    parser.add_argument(
        "--nulls", choices=("ignore", "clear"), default="ignore", help="empty cells"
    )
    parser.add_argument("--dry-run", action="store_true", help="judge every row, send nothing")
    parser.add_argument("--api", choices=("auto", "1.0", "2.0"), default="auto")
    parser.add_argument("--batch-size", type=whole_number, metavar="ROWS")
    parser.add_argument("--serial", action="store_true", help="one batch after the other")
    parser.add_argument("--group-by", metavar="FIELD", help="equal values never in two batches")
    parser.add_argument("--encoding", help="of a CSV file")
    parser.add_argument("--report", metavar="FILE", help="an HTML page of what became of the rows")
    add_timeout_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="draw no progress")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Load the file; 0 where every row succeeded, 3 where some did not."""
    if args.file == "-" and args.format is None:
        raise InvalidInput(f"Rows that come by stdin need --format {'|'.join(FORMATS)}.")
    args.answer.interrupted_at("nothing was sent.")
    options = load_options(args)
    if args.dry_run:
        from salesforce_bulk.cli.dry_run import judge  # noqa: PLC0415 (only here)

        return judge(args, options)
    if args.file != "-":
        Path(args.file).open("rb").close()  # before there is a run
    refuse_no_folder(args.report)
    refuse_no_file(args.report)
    bulk = connect(args.org)
    found = new_run(
        args.command,
        args.object,
        org=args.org,
        file=absolute(args.file),
        options={
            "format": args.format,
            "again": words_again(args),
            "report": absolute(args.report) if args.report else None,
        },
    )
    options |= {"journal": found.journal, "on_error": "report", "progress": not args.quiet}
    with telling_how_to_go_on(found, args.answer):
        if args.file == "-":
            _keep_stdin(found)
        with opened_rows_of(found) as records:
            verb = getattr(bulk, args.command.replace("-", "_"))
            result = verb(args.object, records, **key_option(args), **options)
    return tell_result(result, found, args.answer)


def _keep_stdin(found: Run) -> None:
    what = f"The file {found.input} with the rows of stdin"
    with storage_errors(what), found.input.open("wb") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)


def key_option(args: argparse.Namespace) -> dict[str, str]:
    """``external_id`` of an upsert."""
    return {"external_id": args.external_id} if args.command == "upsert" else {}


def load_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of the verbs, as far as the arguments give them."""
    return {
        "api": args.api,
        "batch_size": args.batch_size,
        "concurrency": "Serial" if args.serial else "Parallel",
        "group_by": args.group_by,
        "nulls": args.nulls,
        "timeout": args.timeout,
        "encoding": args.encoding,
        "columns": {name: to or None for name, to in _pairs("--map", args.map).items()},
        "constants": _pairs("--constant", args.constant),
    }


#: Options that a load of the rows that failed needs as well; their file has the columns and the
#: encoding that the others are about.
_AGAIN = ("external_id", "nulls", "api", "batch_size", "group_by", "org")


def words_again(args: argparse.Namespace) -> list[str]:
    """The options of the load that mended rows need."""
    defaults = {"nulls": "clear" if _may_lack_fields(args) else "ignore", "api": "auto"}
    words = ["--serial"] if args.serial else []
    for name in _AGAIN:
        value = getattr(args, name, None)
        if value is not None and value != defaults.get(name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def _may_lack_fields(args: argparse.Namespace) -> bool:
    """Whether rows may leave fields alone that others clear: in the file of those that failed the
    first are empty cells, the second ``#N/A``, so that ``--nulls clear`` would clear both."""
    name = args.file.lower().removesuffix(".gz").removesuffix(".zst")
    return bool((args.format or name).endswith(("jsonl", ".ndjson")))


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, _ in pairs:
        if not (name and sign):
            raise InvalidInput(f"{option} {name}: a name and a value are joined by '='.")
    return {name: value for name, _, value in pairs}


@contextmanager
def opened_rows_of(found: Run) -> Iterator[Any]:
    """The rows of a run, as its command read them."""
    path = found.input if found.file is None else Path(found.file)
    try:
        with opened_rows(path, found.options["format"]) as rows:
            yield rows
    except InvalidInput as error:
        if found.file is None:  # the user knows it by no path
            error.args = (str(error).replace(str(path), "stdin"),)
        raise


@contextmanager
def telling_how_to_go_on(found: Run, answer: Answer) -> Iterator[None]:
    """Around what sends rows: whatever ends it, the user hears what is in the org."""

    def look() -> None:
        if not found.journal.exists():
            answer.interrupted_at("nothing was sent.")
            found.remove()
            return
        progress = found.progress()
        if progress.over:
            answer.interrupted_at("the load is over.")
            answer.go_on_with(_told_again(found))
            return
        answer.know(
            job_ids=progress.jobs,
            batches_in_the_org=progress.batches,
            batches=progress.total_batches,
        )
        answer.interrupted_at(progress.told())
        answer.go_on_with("salesforce-bulk resume")

    with answer.cut_short(look):
        yield
        # What follows only tells of it: begun again it would load its rows twice.
        answer.interrupted_at("the load is over.")
        answer.go_on_with(_told_again(found))


def _told_again(found: Run) -> str:
    """The command that tells the outcome of a run that is over, and writes its files."""
    return f"salesforce-bulk resume {found.name}"


#: Rows with their errors that are printed; the file has all of them.
_SHOWN = 10


def tell_result(result: LoadResult, found: Run, answer: Answer) -> int:
    """Print what became of the rows, write those that failed, and say how it went."""
    counts = {
        name: len(getattr(result, name))
        for name in ("succeeded", "failed", "unprocessed", "unknown")
    }
    answer.know(rows=result.rows, **counts, job_ids=list(result.job_ids), api=result.api)
    summary = ", ".join(
        f"{count:,} {name}" for name, count in counts.items() if count or name == "succeeded"
    )
    with _outcome_is_told(summary, result, found, answer):
        path = write_failed_file(result, found)
        if found.options["report"]:
            result.report(found.options["report"])
            answer.know(report=found.options["report"])
    if result.rows == counts["succeeded"]:
        answer.say(f"  {summary}")
        _warn_of_changed_file(found, answer)
        return 0
    if path is not None:
        answer.know(failed_file=str(path))
        summary += f" → {shown_path(path)} (mend it and load it again)"
        answer.go_on_with(_load_command(found, path))
    else:
        answer.go_on_with("salesforce-bulk resume")
    answer.say(f"  {summary}")
    for line in error_lines(result):
        answer.say(line)
    return 3


@contextmanager
def _outcome_is_told(
    summary: str, result: LoadResult, found: Run, answer: Answer
) -> Iterator[None]:
    """Around what writes of it: rows are in the org, whatever becomes of the files."""
    try:
        yield
    except (OSError, InvalidInput) as error:
        answer.say(f"  {summary}")
        for line in error_lines(result):
            answer.say(line)
        answer.go_on_with(_told_again(found))
        if isinstance(error, StorageError):
            raise
        # Others stand for wrong input, of which nothing was sent.
        raise StorageError(told(error), getattr(error, "errno", None)) from error


def _warn_of_changed_file(found: Run, answer: Answer) -> None:
    path = changed_file(found)
    if path is not None:
        warning = f"the rows of {shown_path(path)} are in the org by now; do not load it"
        answer.know(warning=warning)
        answer.say(f"  {warning}")


def name_of(found: Run) -> str:
    """What a run does, for people."""
    file = [] if found.file is None else [shown_path(Path(found.file))]
    return " ".join([found.command, found.object_name, *file])


def shown_path(path: Path) -> str:
    """Relative where it is below this folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def error_lines(result: LoadResult) -> Iterator[str]:
    """The first rows that did not succeed, each with its field, code and value."""
    bad = chain(result.failed, result.unprocessed, result.unknown)
    cells = [_error_cells(row) for row in islice(bad, _SHOWN)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        yield f"    {'  '.join(padded)}".rstrip()


def _error_cells(row: RowResult) -> tuple[str, str, str, str]:
    error = row.error
    name = error.fields[0] if error and error.fields else ""
    value = row.record.get(name)
    told = "" if value in (None, "") else repr(str(value))[:40]
    return f"row {row.number:,}", name, error.code if error else row.status, told


def _load_command(found: Run, path: Path) -> str:
    words = ["salesforce-bulk", found.command, found.object_name, shown_path(path)]
    return shell_command([*words, *found.options["again"]])
