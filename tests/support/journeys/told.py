"""Where the client has to say that it cannot tell, or cannot go on: the reading, the journey, and
why nothing better can be done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_LAST_LINE_END = (
    "A body that broke off before a proxy has a length of its own, so that its end proves nothing; "
    "without the last line end the last value may be half of what it is."
)

_ENDS_WITH_ITS_CONNECTION = (
    "A body that ends with its connection may have broken off; where it does not end as a document "
    "of its kind does either, nothing tells that it is whole."
)

_NO_DOCUMENT = (
    "A JSON batch that has rows was recorded with 0 of them in its counter, so that nothing tells "
    "an empty document from one that was lost on the way."
)

_STAYS_QUEUED = "Nothing tells what becomes of a batch that stays queued in an aborted job."

_NO_CHUNK = (
    "Chunks appear when the server has made them: none of an object without records looks like "
    "none yet, and the export ends with an error after thirty looks."
)

_NO_PROOF = (
    "The number of a page's rows proves that the page is whole: one that is larger than its rows "
    "reads as a page that was cut."
)
_NO_HEADER = (
    "A page without the header reads as one of other columns, as a page of another job would: its "
    "first row may be a header or not."
)
_IN_NO_FILE = (
    "Rows in none of the files are unknown: an aborted job may have written them before its end."
)

#: (behaviour, reading, journey): why.
TOLD: Mapping[tuple[str, str, str], str] = MappingProxyType(
    {
        ("bulk1.query.csv_last_line", "without end", "export 1.0"): _NO_LAST_LINE_END,
        ("bulk1.query.csv_last_line", "without end", "resume"): _NO_LAST_LINE_END,
        ("bulk1.query.csv_last_line", "without end", "login"): _NO_LAST_LINE_END,
        ("bulk1.job.abort_queued", "Queued", "load 1.0"): _STAYS_QUEUED,
        ("bulk1.pk_chunking.object_without_records", "no chunk", "export 1.0"): _NO_CHUNK,
        ("bulk1.query.no_rows_json", "empty file", "export 1.0"): _NO_DOCUMENT,
        ("bulk2.ingest.aborted_rows", "nowhere", "load 2.0"): _IN_NO_FILE,
        ("bulk2.query.number_of_records", "of the result", "export 2.0"): _NO_PROOF,
        ("bulk2.query.number_of_records", "of the result", "login"): _NO_PROOF,
        ("bulk2.query.number_of_records", "of the result", "resume"): _NO_PROOF,
        ("bulk2.query.page_header", "first page", "export 2.0"): _NO_HEADER,
        ("bulk2.query.page_header", "first page", "login"): _NO_HEADER,
        ("bulk2.query.page_header", "first page", "resume"): _NO_HEADER,
        ("bulk1.query.no_rows_xml", "empty file", "export 1.0"): _NO_DOCUMENT,
    }
)

_CLOSE = ("http.framing", "close")
#: Readings of which each alone can be told, and the journeys on which all of them cannot.
TOGETHER: tuple[tuple[frozenset[tuple[str, str]], tuple[str, ...], str], ...] = (
    (
        frozenset({_CLOSE, ("bulk1.query.csv_last_line", "without end")}),
        ("classic",),
        _ENDS_WITH_ITS_CONNECTION,
    ),
    (
        frozenset({_CLOSE, ("bulk1.query.no_rows_csv", "empty file")}),
        ("classic", "export 1.0"),
        _ENDS_WITH_ITS_CONNECTION,
    ),
    (
        frozenset({_CLOSE, ("bulk1.result.csv_last_line", "without end")}),
        ("classic", "load 1.0", "resume", "login"),
        _ENDS_WITH_ITS_CONNECTION,
    ),
)


def may_be_told(name: str, dialect: Mapping[str, str]) -> bool:
    """Whether the client may say so on this journey in an org that speaks so."""
    if any((each, value, name) in TOLD for each, value in dialect.items()):
        return True
    return any(name in names and readings <= dialect.items() for readings, names, _ in TOGETHER)
