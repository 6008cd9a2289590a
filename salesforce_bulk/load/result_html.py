"""What became of a load, as HTML: a table for notebooks, and a page of its own.

Everything is escaped, nothing is fetched, and there is no script.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple, get_args

from salesforce_bulk.models import RowStatus
from salesforce_bulk.progress.text import duration
from salesforce_bulk.progress.timeline import Moment
from salesforce_bulk.wire.row_error import read_row_error

if TYPE_CHECKING:
    from salesforce_bulk.load.results import LoadResult

_STATUSES: tuple[RowStatus, ...] = get_args(RowStatus)
_WORDS: Mapping[RowStatus, str] = {
    "success": "succeeded",
    "failed": "failed",
    "unprocessed": "unprocessed",
    "unknown": "unknown",
}
_COLORS: Mapping[RowStatus, str] = {
    "success": "#2e844a",
    "failed": "#ba0517",
    "unprocessed": "#dd7a01",
    "unknown": "#706e6b",
}
_PHASE_COLORS = ("#0176d3", "#2e844a", "#dd7a01", "#706e6b", "#9050e9")
#: Outcomes that are looked at together.
_BLOCK_ROWS = 1_000
#: Kinds of errors that are told apart; rows beyond them are others.
_KINDS_KEPT = 200
_MESSAGE_CHARACTERS = 200
#: Of the picture of the run.
_WIDTH, _HEIGHT = 720, 180


def counts_of(result: LoadResult) -> dict[RowStatus, int]:
    """Rows by status."""
    return {status: len(getattr(result, _WORDS[status])) for status in _STATUSES}


def bar(counts: Mapping[RowStatus, int]) -> str:
    """An SVG of the shares; what is there is seen, however few rows it is."""
    shown = {status: count for status, count in counts.items() if count}
    total = sum(shown.values())
    widths = {status: max(2.0, 400 * count / total) for status, count in shown.items()}
    parts, x = [], 0.0
    for status, width in widths.items():
        title = f"{counts[status]:,} {_WORDS[status]}"
        parts.append(
            f'<rect x="{x:.1f}" width="{width:.1f}" height="12" fill="{_COLORS[status]}">'
            f"<title>{title}</title></rect>"
        )
        x += width
    return (
        f'<svg width="400" height="12" viewBox="0 0 {max(x, 1):.1f} 12" '
        f'preserveAspectRatio="none" role="img">{"".join(parts)}</svg>'
    )


def notebook_html(result: LoadResult, reasons: Sequence[tuple[str, int, int]]) -> str:
    """Counts, a bar and the commonest errors.

    Args:
        result: of a load.
        reasons: what went wrong, in how many rows, and which was the first.
    """
    counts = counts_of(result)
    listed = "".join(
        f"<li>{count:,} x {html.escape(reason)} (first row {first:,})</li>"
        for reason, count, first in reasons
    )
    jobs = html.escape(", ".join(result.job_ids) or "none")
    return (
        f"<b>{html.escape(result.name)}</b>: {result.rows:,} rows "
        f"(Bulk API {html.escape(result.api)}, job {jobs})<br>{bar(counts)}"
        f"{_count_table(counts)}{f'<ul>{listed}</ul>' if listed else ''}"
    )


def _count_table(counts: Mapping[RowStatus, int]) -> str:
    return _table((), [(_WORDS[status], f"{count:,}") for status, count in counts.items()])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first cell of each row names it."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th>{html.escape(name)}</th>"
        f"{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in rows
    )
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"


# The page


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
       color: #181818; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .8rem .2rem 0;
       vertical-align: top; border-bottom: 1px solid #e5e5e5; overflow-wrap: anywhere; }
pre { background: #f3f3f3; padding: .8rem; overflow-x: auto; } svg { max-width: 100%; }
text { font: 12px system-ui, sans-serif; }
"""


def page(result: LoadResult) -> str:
    """One page that holds all it needs: counts, errors, the run over time, and how to go on."""
    counts = counts_of(result)
    jobs = ", ".join(result.job_ids) or "none"
    facts = [("API", f"Bulk API {result.api}: {result.api_reason}"), ("Jobs", jobs)]
    if result.timeline:
        facts.append(("Time", f"{duration(result.timeline[-1].seconds)} (minutes:seconds)"))
    sections = [
        f"<h1>{html.escape(result.name)}: {html.escape(result.summary())}</h1>",
        bar(counts),
        _count_table(counts),
        _table((), facts),
        _errors_section(result),
        _attempts_section(result),
        _timeline_section(result.timeline),
        _commands_section(result, counts),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{html.escape(result.name)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(sections)}</body></html>\n"
    )


class ErrorKind(NamedTuple):
    """Rows that have the same code and fields, and one of their messages."""

    status: RowStatus
    code: str
    fields: str
    rows: int
    first: int
    message: str


def error_kinds(result: LoadResult) -> list[ErrorKind]:
    """By code and field, the commonest first."""
    found: dict[tuple[RowStatus, str, str], ErrorKind] = {}
    for status in _STATUSES[1:]:
        for error, rows, first in _counted_errors(result, status):
            code, message, fields = read_row_error(error)
            key = (status, code, ", ".join(fields))
            if key not in found and len(found) >= _KINDS_KEPT:
                key, message = (status, "others", ""), ""
            before = found.get(key) or ErrorKind(*key, 0, first, message)
            found[key] = before._replace(rows=before.rows + rows, first=min(before.first, first))
    return sorted(found.values(), key=lambda kind: (-kind.rows, kind.first))


def _counted_errors(result: LoadResult, status: RowStatus) -> Iterator[tuple[str, int, int]]:
    """Errors with how many rows have them and the first of these; one may come more than once."""
    outcomes = result.outcomes(status, cells=False)
    while block := list(islice(outcomes, _BLOCK_ROWS)):
        first = {outcome.error: outcome.number for outcome in reversed(block)}
        for error, rows in Counter(outcome.error for outcome in block).items():
            yield error, rows, first[error]


def _errors_section(result: LoadResult) -> str:
    kinds = [
        (
            kind.code,
            kind.fields,
            f"{kind.rows:,}",
            f"{kind.first:,}",
            _WORDS[kind.status],
            kind.message[:_MESSAGE_CHARACTERS],
        )
        for kind in error_kinds(result)
    ]
    if not kinds:
        return ""
    header = ("Code", "Field", "Rows", "First row", "Outcome", "A message of them")
    return f"<h2>Errors</h2>{_table(header, kinds)}"


def _attempts_section(result: LoadResult) -> str:
    if not result.attempts:
        return ""
    rows = [
        (", ".join(job_ids), f"{rows:,}", f"{succeeded:,}")
        for rows, succeeded, job_ids in result.attempts
    ]
    return f"<h2>Sent again</h2>{_table(('Job', 'Rows', 'Succeeded'), rows)}"


def _timeline_section(moments: Sequence[Moment]) -> str:
    if not moments:
        return ""
    seconds = max(moments[-1].seconds, 0.001)
    most = max(1, *(moment.rows for moment in moments))
    lines, legend = [], []
    for number, (phase, group) in enumerate(groupby(moments, lambda moment: moment.phase)):
        color = _PHASE_COLORS[number % len(_PHASE_COLORS)]
        part = list(group)
        points = " ".join(
            f"{_WIDTH * one.seconds / seconds:.1f},{_HEIGHT - _HEIGHT * one.rows / most:.1f}"
            for one in part
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
        legend.append((phase, f"{part[-1].rows:,}", *_speed(part)))
    axes = (
        f'<line x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}" stroke="#999"/>'
        f'<text x="4" y="-4">{most:,} rows</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{duration(seconds)}</text>'
    )
    view = f"0 -20 {_WIDTH} {_HEIGHT + 40}"
    return (
        "<h2>Throughput over time</h2>"
        f'<svg width="{_WIDTH}" height="{_HEIGHT + 40}" viewBox="{view}" role="img">'
        f"<title>Rows done over time</title>{axes}{''.join(lines)}</svg>"
        f"{_table(('Phase', 'Rows', 'Seconds', 'Rows a second'), legend)}"
    )


def _speed(part: Sequence[Moment]) -> tuple[str, str]:
    seconds = part[-1].seconds - part[0].seconds
    rows = part[-1].rows - part[0].rows
    return f"{seconds:.1f}", f"{rows / seconds:,.0f}" if rows > 0 and seconds > 0 else ""


def _commands_section(result: LoadResult, counts: Mapping[RowStatus, int]) -> str:
    lines = [f"salesforce-bulk results {job_id} {job_id}.csv" for job_id in result.job_ids]
    told = ["Every row with its outcome, as long as the org keeps it (seven days):"]
    if counts["failed"] or counts["unprocessed"]:
        lines += [
            "result = result.retry()                    # what failed in passing",
            'result.failed.to_csv("failed.csv")         # mend it and load it',
            'result.unprocessed.to_csv("rest.csv")      # load it as it is',
        ]
        told.append("Rows that failed or were not processed are not in the org.")
    if counts["unknown"]:
        told.append(
            "Of rows whose outcome is unknown nobody can say whether the org has them: do not load "
            "them again, and go on with the journal, or look for them in the org."
        )
    shown = html.escape("\n".join(lines))
    return f"<h2>To go on</h2><p>{html.escape(' '.join(told))}</p><pre>{shown}</pre>"
