"""``export``: what a query gives, into a file or to stdout."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from salesforce_bulk.cli.answer import count_of_rows
from salesforce_bulk.cli.commands.load import shown_path
from salesforce_bulk.cli.files.export_file import write_export
from salesforce_bulk.cli.files.formats import FORMATS, FileFormat, format_of_name
from salesforce_bulk.cli.files.target import refuse_no_folder
from salesforce_bulk.cli.numbers import add_timeout_argument, whole_number
from salesforce_bulk.cli.option_words import as_typed
from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.runs import Run, absolute, new_run
from salesforce_bulk.errors import InvalidInput

if TYPE_CHECKING:
    from salesforce_bulk import Export

_SELECT = re.compile(r"\s*select\s", re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The query, the target and the options of exports."""
    parser.add_argument("query", metavar="SOQL|OBJECT", help="a query, or an object with --fields")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="to write; - (default) is stdout"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="NAME",
        help=f"{', '.join(FORMATS)}; .gz and .zst by name",
    )
    parser.add_argument("--fields", metavar="A,B.C", help="of the object, or all")
    parser.add_argument("--where", metavar="CONDITION", help="in SOQL, with --fields")
    parser.add_argument("--state", metavar="FILE", help="only what changed since the last export")
    parser.add_argument("--include-deleted", action="store_true", help="deleted rows too")
    parser.add_argument("--pk-chunking", action="store_true", help="let 1.0 cut the query by Ids")
    parser.add_argument("--api", choices=("auto", "1.0", "2.0"), default="auto")
    parser.add_argument(
        "--parallel", type=whole_number, default=1, metavar="N", help="pages at once"
    )
    add_timeout_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="draw no progress")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Export; 0 where every row that the server counted was written."""
    if args.file == "-" and args.json:
        raise InvalidInput("--json prints its object on stdout: name a file for the rows.")
    target = target_format(args)
    refuse_no_folder(args.file)
    refuse_no_folder(args.state)
    options = {
        "fields": field_names(args),
        "where": args.where,
        "state": args.state,
        "include_deleted": args.include_deleted or None,
        "pk_chunking": args.pk_chunking or None,
        "api": args.api,
        "parallel": args.parallel,
        "timeout": args.timeout,
        "progress": not args.quiet,
    }
    bulk = connect(args.org)
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if args.file == "-" or args.state is not None:
        # What went to a pipe cannot be gone on with, and a state is a journal of its own.
        return _finish(bulk.export(args.query, **given), args, target)
    about = {"file": absolute(args.file), "options": {"format": args.format}}
    found = new_run("export", args.query, org=args.org, **about)

    def look() -> None:
        if found.journal.exists():
            args.answer.interrupted_at("the export goes on in the org.")
            args.answer.go_on_with("salesforce-bulk resume")
        else:
            found.remove()

    with args.answer.cut_short(look):
        export = bulk.export(args.query, journal=found.journal, **given)
        code = _finish(export, args, target)
    found.mark_over()
    return code


def target_format(args: argparse.Namespace) -> FileFormat:
    """By the option or the name; CSV for stdout."""
    if args.file == "-":
        return FileFormat(args.format or "csv")
    return format_of_name(args.file, args.format)


def field_names(args: argparse.Namespace) -> Any:
    """``--fields`` as the library takes it."""
    if _SELECT.match(args.query):
        if args.fields or args.where:
            raise InvalidInput("--fields and --where go with an object, not with a query.")
        return None
    if args.fields in (None, "all"):
        return "all"
    return [name.strip() for name in args.fields.split(",")]


def _finish(export: Export, args: argparse.Namespace, target: FileFormat) -> int:
    answer = args.answer
    rows = write_export(export, args.file, target)
    notes = [as_typed(note) for note in export.notes]
    answer.know(rows=rows, job_ids=[export.job_id], file=absolute(args.file), notes=notes)
    where = "" if args.file == "-" else f" → {shown_path(Path(args.file).absolute())}"
    answer.say(f"  {count_of_rows(rows)}{where}")
    return 0


def go_on(found: Run, args: argparse.Namespace) -> int:
    """An export that was interrupted, into the file that it was for."""
    bulk = connect(args.org or found.org)
    args.file, args.format = found.file, found.options["format"]
    args.answer.go_on_with("salesforce-bulk resume")
    export = bulk.resume(found.journal, timeout=args.timeout, progress=not args.quiet)
    code = _finish(cast("Export", export), args, target_format(args))
    found.mark_over()
    return code
