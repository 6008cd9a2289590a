"""CSV lines made by SQLite are those that ``csv.writer`` and Java would make."""

import csv
import io
import sqlite3
import sys
from types import SimpleNamespace

from hypothesis import example, given
from hypothesis import strategies as st

from salesforce_bulk.emulator.jobs.results import CsvQuery, csv_statement, java_double

TYPES = ("string", "boolean", "int", "double", "currency", "datetime", "id", "textarea")
DOUBLES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = {
    "boolean": st.none() | st.integers(0, 1),
    "int": st.none() | st.integers(-(10**9), 10**9),
    "double": DOUBLES,
    "currency": DOUBLES,
    "datetime": st.sampled_from([None, "2024-01-01T00:00:00.000Z"]),
    "id": st.sampled_from([None, "001000000000001AAA"]),
}
# Python 3.10's csv module, which the lines are compared with, writes no NUL.
NUL = "\0" if sys.version_info >= (3, 11) else ""
TEXTS = st.none() | st.text(st.sampled_from('a",\n\r|é\U0001f600' + NUL), max_size=9)


def lines(types, rows, delimiter, line_end):
    """The rows as the statement gives them; the table keeps what each value is."""
    connection = sqlite3.connect(":memory:")
    connection.create_function("java_double", 1, java_double, deterministic=True)
    names = [f"f{number}" for number in range(len(types))]
    kinds = ["REAL" if word in ("double", "currency") else "" for word in types]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    connection.execute(f"CREATE TABLE t ({columns})")
    connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(names))})", rows)
    shape = [SimpleNamespace(type=word, label=word) for word in types]
    statement = csv_statement(shape, f"SELECT {', '.join(names)} FROM t", delimiter, line_end)
    found = connection.execute(statement).fetchall()
    connection.close()
    return found


def expected(word, value):
    if value is None:
        return ""
    if word == "boolean":
        return "true" if value else "false"
    if word in ("double", "currency"):
        return java_double(value + 0.0)  # SQLite keeps no negative zero
    return str(value)


def table(types):
    row = st.tuples(*(VALUES.get(word, TEXTS) for word in types))
    return st.tuples(st.just(types), st.lists(row, max_size=5))


tables = st.lists(st.sampled_from(TYPES), min_size=1, max_size=40).flatmap(table)


@given(tables, st.sampled_from(",;|^`\t"), st.sampled_from(["\n", "\r\n"]))
@example((["double"], [(0.1 + 0.2,), (1e-3,), (1e7,), (-0.0,), (123456.789,)]), ",", "\n")
def test_lines_are_quoted_rows_of_java_text(types_and_rows, delimiter, line_end):
    types, rows = types_and_rows
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=line_end).writerows(
        [[expected(w, v) for w, v in zip(types, row, strict=True)] for row in rows]
    )
    shape = SimpleNamespace(columns=[SimpleNamespace(label=word) for word in types])
    body = CsvQuery(shape, delimiter, line_end).rows(lines(types, rows, delimiter, line_end))
    assert body.decode() == file.getvalue()


def test_header_is_quoted_like_the_rows():
    shape = SimpleNamespace(columns=[SimpleNamespace(label=name) for name in ("Id", "Owner.Name")])
    assert CsvQuery(shape, ";", "\r\n").begin() == b'"Id";"Owner.Name"\r\n'
