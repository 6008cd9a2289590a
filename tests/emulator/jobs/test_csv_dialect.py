"""Results in CSV in any spelling are the same rows for whoever knows the spelling."""

import csv
import io
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.data.values import RowError, RowOutcome
from salesforce_bulk.emulator.fidelity.dialect import CHOICES, Dialect
from salesforce_bulk.emulator.jobs.csv_dialect import DialectCsvQuery, DialectCsvResults
from salesforce_bulk.emulator.jobs.results import CsvResults, quoted

COLUMNS = ("Id", "Name", "AccountId")
SOQL = "SELECT id, NAME, AccountId FROM Contact"
cells = st.text('a",\n\r é', max_size=6)


def dialects(*beginnings):
    """Any choice among the behaviours that begin so."""
    names = [name for name in CHOICES if name.startswith(beginnings)]
    chosen = st.fixed_dictionaries({name: st.sampled_from(CHOICES[name].values) for name in names})
    return chosen.map(Dialect)


def written(writer, rows, cut):
    return writer.begin() + writer.rows(rows[:cut]) + writer.rows(rows[cut:]) + writer.end()


def rows_of(body):
    """The rows by the names of their columns in lower case."""
    text = body.decode().removeprefix("\ufeff")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    return [dict(zip([n.lower() for n in header], row, strict=True)) for row in rows]


@given(
    st.lists(st.tuples(cells, cells, cells), max_size=5),
    st.integers(0, 5),
    dialects("bulk1.query.csv_", "bulk1.query.column_"),
)
def test_a_query_has_the_same_rows_however_it_is_written(rows, cut, dialect):
    shape = SimpleNamespace(columns=[SimpleNamespace(label=n, type="string") for n in COLUMNS])
    lines = [(f"{','.join(map(quoted, row))}\n".encode(),) for row in rows]
    body = written(DialectCsvQuery(shape, dialect, SOQL), lines, cut)
    assert rows_of(body) == [
        dict(zip([name.lower() for name in COLUMNS], row, strict=True)) for row in rows
    ]
    assert body.startswith(b"\xef\xbb\xbf") is (dialect["bulk1.query.csv_bom"] == "BOM")
    assert body.endswith(b"\n") is (dialect["bulk1.query.csv_last_line"] == "with end")


names = st.lists(st.sampled_from(COLUMNS), max_size=2).map(tuple)
errors = st.builds(RowError, st.just("CODE"), cells, names)
outcomes = st.lists(
    st.builds(RowOutcome, st.just("001000000000001AAA"), st.just(True), st.booleans(), st.just(()))
    | st.builds(
        RowOutcome,
        st.sampled_from([None, "001000000000002AAA"]),
        st.just(False),
        st.just(False),
        st.lists(errors, min_size=1, max_size=2).map(tuple),
    ),
    max_size=6,
)


@given(outcomes, st.integers(0, 6), dialects("bulk1.result.csv_", "bulk1.result.column_"))
def test_row_results_tell_the_same_however_they_are_written(rows, cut, dialect):
    plain = rows_of(written(CsvResults(dialect), rows, cut))
    spoken = rows_of(written(DialectCsvResults(dialect, False), rows, cut))
    for row in spoken:
        row |= {name: row[name].lower() for name in ("success", "created")}
    assert spoken == plain
