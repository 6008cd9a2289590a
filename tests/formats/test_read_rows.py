"""Records of stored texts, in blocks of lines and of any size."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.formats.csv import read_rows

CELLS = st.text(st.sampled_from('a",\n\r é'), max_size=5) | st.sampled_from(
    ["x\n" * 70, "y" * 140_000]
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=5), st.integers(0, 90))
def test_what_was_written_is_read_whatever_the_size_of_values(rows, before):
    rows = [["a", "b"]] * before + rows
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    assert list(read_rows(io.StringIO(text.getvalue(), newline=""))) == rows
